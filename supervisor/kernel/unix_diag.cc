#include "supervisor/kernel/unix_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace tardigrade {
namespace {

// A dump never sends more in one datagram: NLMSG_GOODSIZE and max_recvmsg_len, af_netlink.c.
constexpr size_t kLargestDatagram = 64 << 10;
constexpr uint32_t kAnyCookie = ~0u;

Error Malformed() {
  return Error(ErrorCode::kInternal, "the kernel's answer about UNIX sockets is malformed");
}

template <typename T>
std::optional<T> Take(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

bool SetAttribute(uint16_t type, std::span<const std::byte> bytes, UnixSocketInfo& info) {
  switch (type) {
    case UNIX_DIAG_NAME:
      info.name.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return true;
    case UNIX_DIAG_VFS: {
      const auto file = Take<unix_diag_vfs>(bytes);
      if (file.has_value()) info.file = {file->udiag_vfs_ino, file->udiag_vfs_dev};
      return file.has_value();
    }
    case UNIX_DIAG_PEER:
      info.peer = Take<uint32_t>(bytes);
      return info.peer.has_value();
    case UNIX_DIAG_ICONS:
      info.waiting.resize(bytes.size() / sizeof(uint32_t));
      std::memcpy(info.waiting.data(), bytes.data(), info.waiting.size() * sizeof(uint32_t));
      return true;
    case UNIX_DIAG_RQLEN: {
      const auto queues = Take<unix_diag_rqlen>(bytes);
      if (!queues.has_value()) return false;
      info.receive_queue = queues->udiag_rqueue;
      info.send_queue = queues->udiag_wqueue;
      return true;
    }
    case UNIX_DIAG_SHUTDOWN:
      info.shutdown = Take<uint8_t>(bytes).value_or(0);
      return !bytes.empty();
    default:
      return true;
  }
}

Result<UnixSocketInfo> ParseSocket(std::span<const std::byte> bytes) {
  const auto fixed = Take<unix_diag_msg>(bytes);
  if (!fixed.has_value()) return Malformed();
  UnixSocketInfo info;
  info.inode = fixed->udiag_ino;
  info.type = fixed->udiag_type;
  info.state = fixed->udiag_state;
  bytes = bytes.subspan(NLMSG_ALIGN(sizeof(unix_diag_msg)));
  while (const auto attribute = Take<nlattr>(bytes)) {
    const size_t length = attribute->nla_len;
    if (length < NLA_HDRLEN || length > bytes.size()) return Malformed();
    if (!SetAttribute(attribute->nla_type, bytes.subspan(NLA_HDRLEN, length - NLA_HDRLEN), info))
      return Malformed();
    bytes = bytes.subspan(std::min<size_t>(NLA_ALIGN(length), bytes.size()));
  }
  return info;
}

}  // namespace

Result<bool> ParseUnixDiag(std::span<const std::byte> datagram,
                           std::vector<UnixSocketInfo>& sockets) {
  while (const auto header = Take<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > datagram.size()) return Malformed();
    const auto payload = datagram.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
    if (header->nlmsg_type == NLMSG_DONE) return true;
    if (header->nlmsg_type == NLMSG_ERROR) {
      const int error = -Take<int>(payload).value_or(-EIO);
      if (error == 0) return true;
      return Error::Syscall(ErrorCode::kSystem, error, "asking about UNIX sockets");
    }
    if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
      ASSIGN_OR_RETURN(UnixSocketInfo info, ParseSocket(payload));
      sockets.push_back(std::move(info));
      if ((header->nlmsg_flags & NLM_F_MULTI) == 0) return true;
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header->nlmsg_len), datagram.size()));
  }
  return false;
}

Result<UnixDiag> UnixDiag::Open() {
  ScopedFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.valid())
    return Error::Syscall(ErrorCode::kUnsupported, errno,
                          "asking the kernel about sockets (CONFIG_UNIX_DIAG)");
  return UnixDiag(std::move(netlink));
}

Result<std::vector<UnixSocketInfo>> UnixDiag::Ask(uint32_t inode, uint32_t states) {
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } question = {};
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags =
      static_cast<uint16_t>(inode == 0 ? NLM_F_REQUEST | NLM_F_DUMP : NLM_F_REQUEST);
  question.request.sdiag_family = AF_UNIX;
  question.request.udiag_states = states;
  question.request.udiag_ino = inode;
  question.request.udiag_show =
      UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN;
  question.request.udiag_cookie[0] = question.request.udiag_cookie[1] = kAnyCookie;
  if (send(netlink_.get(), &question, sizeof(question), 0) < 0)
    return Error::Errno("asking about UNIX sockets");
  std::vector<UnixSocketInfo> sockets;
  std::vector<std::byte> datagram(kLargestDatagram);
  for (bool done = false; !done;) {
    const ssize_t got = recv(netlink_.get(), datagram.data(), datagram.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::Errno("asking about UNIX sockets");
    if (static_cast<size_t>(got) > datagram.size()) return Malformed();
    ASSIGN_OR_RETURN(done, ParseUnixDiag(std::span(datagram).first(static_cast<size_t>(got)),
                                         sockets));
  }
  return sockets;
}

Result<std::optional<UnixSocketInfo>> UnixDiag::Find(uint32_t inode) {
  if (inode == 0) return std::optional<UnixSocketInfo>();
  Result<std::vector<UnixSocketInfo>> found = Ask(inode, ~0u);
  if (!found.has_value()) {
    if (found.error().errno_value() == ENOENT) return std::optional<UnixSocketInfo>();
    if (found.error().errno_value() != EMSGSIZE) return std::move(found).error();
    // A listener for whom more wait than fit into a page (unix_diag_get_exact()); a dump has room.
    ASSIGN_OR_RETURN(std::vector<UnixSocketInfo> listeners, Ask(0, 1u << kUnixListening));
    std::erase_if(listeners, [inode](const UnixSocketInfo& info) { return info.inode != inode; });
    found = std::move(listeners);
  }
  if (found.value().empty()) return std::optional<UnixSocketInfo>();
  return std::optional(std::move(found.value().front()));
}

Result<std::vector<UnixSocketInfo>> UnixDiag::List(uint32_t states) { return Ask(0, states); }

}  // namespace tardigrade
