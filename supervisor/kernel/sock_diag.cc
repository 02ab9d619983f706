#include "supervisor/kernel/sock_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace tardigrade::sock_diag {
namespace {

// A dump never sends more in one datagram: NLMSG_GOODSIZE and max_recvmsg_len, af_netlink.c.
constexpr size_t kLargestDatagram = 64 << 10;

Bytes Behind(Bytes bytes, size_t size) { return bytes.subspan(std::min(size, bytes.size())); }

}  // namespace

Error Malformed(std::string_view of) {
  return Error(ErrorCode::kInternal, StrCat("the kernel's answer about ", of, " is malformed"));
}

Status ForEachAttribute(Bytes bytes, size_t fixed_bytes, std::string_view of,
                        const std::function<bool(uint16_t type, Bytes content)>& set) {
  bytes = Behind(bytes, NLMSG_ALIGN(fixed_bytes));
  while (const auto attribute = Take<nlattr>(bytes)) {
    const size_t length = attribute->nla_len;
    if (length < NLA_HDRLEN || length > bytes.size()) return Malformed(of);
    if (!set(attribute->nla_type, bytes.subspan(NLA_HDRLEN, length - NLA_HDRLEN)))
      return Malformed(of);
    bytes = Behind(bytes, NLA_ALIGN(length));
  }
  return Ok();
}

Result<bool> ParseDatagram(Bytes datagram, std::string_view of,
                           const std::function<Status(Bytes)>& add) {
  while (const auto header = Take<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size())
      return Malformed(of);
    const Bytes payload = datagram.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
    if (header->nlmsg_type == NLMSG_DONE) return true;
    if (header->nlmsg_type == NLMSG_ERROR) {
      const int error = -Take<int>(payload).value_or(-EIO);
      if (error == 0) return true;
      return Error::Syscall(ErrorCode::kSystem, error, StrCat("asking about ", of));
    }
    if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
      RETURN_IF_ERROR(add(payload));
      if ((header->nlmsg_flags & NLM_F_MULTI) == 0) return true;
    }
    datagram = Behind(datagram, NLMSG_ALIGN(header->nlmsg_len));
  }
  return false;
}

Status Ask(int netlink, Bytes question, std::string_view of,
           const std::function<Result<bool>(Bytes)>& parse) {
  if (send(netlink, question.data(), question.size(), 0) < 0)
    return Error::Errno("asking about ", of);
  std::vector<std::byte> datagram(kLargestDatagram);
  for (bool done = false; !done;) {
    const ssize_t got = recv(netlink, datagram.data(), datagram.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::Errno("asking about ", of);
    if (static_cast<size_t>(got) > datagram.size()) return Malformed(of);
    ASSIGN_OR_RETURN(done, parse(std::span(datagram).first(static_cast<size_t>(got))));
  }
  return Ok();
}

}  // namespace tardigrade::sock_diag
