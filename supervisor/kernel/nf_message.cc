#include "supervisor/kernel/nf_message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "supervisor/kernel/sock_diag.h"

namespace tardigrade::nf_message {
namespace {

constexpr size_t kLargestDatagram = 64 << 10;
constexpr std::string_view kWhat = "the packet filter";

Error SendError() { return Error::Errno("asking the packet filter (nf_tables)"); }

// Acknowledgements and errors come in the order of the messages.
Status ReadOne(Bytes datagram, uint32_t acknowledged, bool& done) {
  while (const auto header = sock_diag::Take<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size())
      return sock_diag::Malformed(kWhat);
    if (header->nlmsg_type == NLMSG_ERROR) {
      const int error = -sock_diag::Take<int>(datagram.subspan(NLMSG_HDRLEN)).value_or(-EIO);
      if (error != 0)
        return Error::Syscall(ErrorCode::kSystem, error, "the packet filter (nf_tables)");
      done = done || header->nlmsg_seq == acknowledged;
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), datagram.size()));
  }
  return Ok();
}

}  // namespace

void Writer::Append(const void* data, size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  bytes_.insert(bytes_.end(), begin, begin + size);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void Writer::Start(uint16_t type, uint16_t flags, uint8_t family, uint16_t resource) {
  message_ = bytes_.size();
  const nlmsghdr header{.nlmsg_len = 0,
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags),
                        .nlmsg_seq = ++sequence_,
                        .nlmsg_pid = 0};
  const nfgenmsg general{
      .nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
  Append(&header, sizeof(header));
  Append(&general, sizeof(general));
  Finish();
}

void Writer::Finish() {
  const auto length = static_cast<uint32_t>(bytes_.size() - message_);
  std::memcpy(bytes_.data() + message_, &length, sizeof(length));
}

void Writer::Begin(uint8_t type, uint16_t flags) {
  Start(static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

void Writer::BeginBatch() { Start(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES); }

void Writer::EndBatch() { Start(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES); }

void Writer::Data(uint16_t attribute, Bytes value) {
  const nlattr head{.nla_len = static_cast<uint16_t>(NLA_HDRLEN + value.size()),
                    .nla_type = attribute};
  Append(&head, sizeof(head));
  Append(value.data(), value.size());
  Finish();
}

void Writer::Text(uint16_t attribute, const std::string& value) {
  Data(attribute, std::as_bytes(std::span(value.c_str(), value.size() + 1)));
}

void Writer::Number(uint16_t attribute, uint32_t value) {
  const uint32_t network = htonl(value);
  Data(attribute, std::as_bytes(std::span(&network, 1)));
}

void Writer::LongNumber(uint16_t attribute, uint64_t value) {
  const uint64_t network = htobe64(value);
  Data(attribute, std::as_bytes(std::span(&network, 1)));
}

void Writer::Nested(uint16_t attribute, const std::function<void()>& content) {
  const size_t at = bytes_.size();
  Data(attribute | NLA_F_NESTED, {});
  content();
  const auto length = static_cast<uint16_t>(bytes_.size() - at);
  std::memcpy(bytes_.data() + at, &length, sizeof(length));
  Finish();
}

Status Transact(int netlink, const Writer& request, uint32_t acknowledged) {
  if (send(netlink, request.bytes().data(), request.bytes().size(), 0) < 0) return SendError();
  std::vector<std::byte> datagram(kLargestDatagram);
  for (bool done = false; !done;) {
    const ssize_t got = recv(netlink, datagram.data(), datagram.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SendError();
    const Status read =
        ReadOne(std::span(datagram).first(static_cast<size_t>(got)), acknowledged, done);
    if (read.has_value()) continue;
    // What else is said of the same batch is not for the next.
    while (recv(netlink, datagram.data(), datagram.size(), MSG_DONTWAIT) > 0) {
    }
    return read;
  }
  return Ok();
}

Status Dump(int netlink, const Writer& question, const std::function<Status(Bytes)>& add) {
  if (send(netlink, question.bytes().data(), question.bytes().size(), 0) < 0) return SendError();
  std::vector<std::byte> buffer(kLargestDatagram);
  for (;;) {
    const ssize_t got = recv(netlink, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SendError();
    Bytes datagram = std::span(buffer).first(static_cast<size_t>(got));
    while (const auto header = sock_diag::Take<nlmsghdr>(datagram)) {
      const size_t length = header->nlmsg_len;
      if (length < NLMSG_HDRLEN || length > datagram.size()) return sock_diag::Malformed(kWhat);
      if (header->nlmsg_type == NLMSG_DONE) return Ok();
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int error = -sock_diag::Take<int>(datagram.subspan(NLMSG_HDRLEN)).value_or(-EIO);
        return Error::Syscall(ErrorCode::kSystem, error, "the packet filter (nf_tables)");
      }
      if (length >= NLMSG_HDRLEN + sizeof(nfgenmsg))
        RETURN_IF_ERROR(add(datagram.subspan(NLMSG_HDRLEN + sizeof(nfgenmsg),
                                             length - NLMSG_HDRLEN - sizeof(nfgenmsg))));
      datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(length), datagram.size()));
    }
  }
}

}  // namespace tardigrade::nf_message
