#include "supervisor/kernel/unix_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "supervisor/kernel/sock_diag.h"

namespace tardigrade {
namespace {

using sock_diag::Bytes, sock_diag::Malformed, sock_diag::Take;

constexpr std::string_view kOf = "UNIX sockets";

constexpr uint32_t kAnyCookie = ~0u;

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
  if (!fixed.has_value()) return Malformed(kOf);
  UnixSocketInfo info;
  info.inode = fixed->udiag_ino;
  info.type = fixed->udiag_type;
  info.state = fixed->udiag_state;
  RETURN_IF_ERROR(sock_diag::ForEachAttribute(
      bytes, sizeof(unix_diag_msg), kOf,
      [&info](uint16_t type, Bytes content) { return SetAttribute(type, content, info); }));
  return info;
}

}  // namespace

Result<bool> ParseUnixDiag(std::span<const std::byte> datagram,
                           std::vector<UnixSocketInfo>& sockets) {
  return sock_diag::ParseDatagram(datagram, kOf, [&sockets](Bytes payload) -> Status {
    ASSIGN_OR_RETURN(UnixSocketInfo info, ParseSocket(payload));
    sockets.push_back(std::move(info));
    return Ok();
  });
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
  std::vector<UnixSocketInfo> sockets;
  RETURN_IF_ERROR(
      sock_diag::Ask(netlink_.get(), std::as_bytes(std::span(&question, 1)), kOf,
                     [&sockets](Bytes datagram) { return ParseUnixDiag(datagram, sockets); }));
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
