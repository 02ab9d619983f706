#include "plugins/netlink_socket/netlink_socket_kind.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "plugins/netlink_socket/netlink_socket_state.h"

namespace tardigrade::netlink_socket {
namespace {

struct Named {
  const char* name;
  int number;
};
constexpr Named kProtocols[] = {
    {"route", NETLINK_ROUTE},
    {"sock_diag", NETLINK_SOCK_DIAG},
    {"uevent", NETLINK_KOBJECT_UEVENT},
    {"generic", NETLINK_GENERIC},
    {"audit", NETLINK_AUDIT},
};
// Flags of SOL_NETLINK, by their names in images.
constexpr Named kOptions[] = {
    {"pktinfo", NETLINK_PKTINFO},       {"broadcast_error", NETLINK_BROADCAST_ERROR},
    {"no_enobufs", NETLINK_NO_ENOBUFS}, {"listen_all_nsid", NETLINK_LISTEN_ALL_NSID},
    {"cap_ack", NETLINK_CAP_ACK},       {"ext_ack", NETLINK_EXT_ACK},
    {"strict_check", NETLINK_GET_STRICT_CHK},
};

Result<int> SocketNumber(const FdFacts& file, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(file.local_fd, SOL_SOCKET, option, &value, &size) != 0)
    return Error::Errno("getsockopt of fd ", file.fd);
  return value;
}

// The audit system knows its daemon by the port (kernel/audit.c, auditd_set()), which a socket has from its first
// message on (net/netlink/af_netlink.c, netlink_sendmsg()).
Status CheckProtocol(const FdFacts& file, int protocol, uint32_t port) {
  if (protocol == NETLINK_AUDIT && port != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, " is a netlink socket of protocol ", protocol,
                        " (audit) with a port, by which the kernel may know the audit daemon, and that cannot be saved; close it first"));
  for (const Named& known : kProtocols) {
    if (known.number == protocol) return Ok();
  }
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd, " is a netlink socket of protocol ", protocol, ", whose kernel side has state that cannot be saved; "
                      "only route, sock_diag, uevent, generic and audit can; close it first"));
}

Status CheckNothingUnread(const FdFacts& file) {
  pollfd poller{.fd = file.local_fd, .events = POLLIN, .revents = 0};
  if (poll(&poller, 1, /*timeout_ms=*/0) < 0) return Error::Errno("poll of fd ", file.fd);
  if ((poller.revents & (POLLIN | POLLERR)) == 0) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the netlink socket fd ", file.fd,
                      (poller.revents & POLLERR) != 0 ? " has an error that was not read yet"
                                                      : " has unread messages, which only the kernel can send",
                      "; try again when the job has read them")).Passing();
}

Result<std::vector<uint32_t>> ReadGroups(const FdFacts& file) {
  std::vector<uint32_t> words(128);
  socklen_t size = static_cast<socklen_t>(words.size() * sizeof(uint32_t));
  if (getsockopt(file.local_fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, words.data(), &size) != 0)
    return Error::Errno("asking for the groups of the netlink socket fd ", file.fd);
  if (size > words.size() * sizeof(uint32_t))
    return Error(ErrorCode::kUnsupported, StrCat("the netlink socket fd ", file.fd, " may have more groups than can be saved"));
  std::vector<uint32_t> groups;
  for (uint32_t bit = 0; bit < size * 8; ++bit) {
    if ((words[bit / 32] >> (bit % 32) & 1) != 0) groups.push_back(bit + 1);
  }
  return groups;
}

// Families of generic netlink get the numbers of their groups as they register; the first is that of
// the controller itself (net/netlink/genetlink.c).
Status CheckGroups(const FdFacts& file, int protocol, const std::vector<uint32_t>& groups) {
  if (protocol != NETLINK_GENERIC) return Ok();
  for (const uint32_t group : groups) {
    if (group != GENL_ID_CTRL)
      return Error(ErrorCode::kUnsupported,
                   StrCat("the generic netlink socket fd ", file.fd, " listens to the group ", group,
                          ", a number that stands for something else after the next boot; leave the group or close "
                          "the socket first"));
  }
  return Ok();
}

Result<NetlinkSocketState> ReadSocket(const FdFacts& file) {
  NetlinkSocketState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.type, SocketNumber(file, SO_TYPE));
  ASSIGN_OR_RETURN(state.protocol, SocketNumber(file, SO_PROTOCOL));
  sockaddr_nl address = {};
  socklen_t size = sizeof(address);
  if (getsockname(file.local_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Error::Errno("getsockname of fd ", file.fd);
  state.port = address.nl_pid;
  RETURN_IF_ERROR(CheckProtocol(file, state.protocol, state.port));
  RETURN_IF_ERROR(CheckNothingUnread(file));
  ASSIGN_OR_RETURN(state.groups, ReadGroups(file));
  RETURN_IF_ERROR(CheckGroups(file, state.protocol, state.groups));
  size = sizeof(address);
  if (getpeername(file.local_fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Error::Errno("getpeername of fd ", file.fd);
  state.peer_port = address.nl_pid;
  state.peer_groups = address.nl_groups;
  for (const Named& option : kOptions) {
    int value = 0;
    size = sizeof(value);
    // One this kernel does not have cannot be on.
    if (getsockopt(file.local_fd, SOL_NETLINK, option.number, &value, &size) == 0 && value != 0) state.options[option.name] = value;
  }
  ASSIGN_OR_RETURN(state.socket, ReadSocketOptions(file.local_fd));
  return state;
}

Status Bind(int fd, uint32_t port) {
  if (port == 0) return Ok();
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_pid = port;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return Ok();
  if (errno == EADDRINUSE)
    return Error::Errno("the netlink port ", port, " is taken, perhaps by the job the image was made of: one of them at a time");
  return Error::Errno("binding a netlink socket to port ", port);
}

Status Connect(int fd, const NetlinkSocketState& state) {
  if (state.peer_port == 0 && state.peer_groups == 0) return Ok();
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_pid = state.peer_port;
  address.nl_groups = state.peer_groups;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Error::Errno("connecting a netlink socket to port ", state.peer_port, " (CAP_NET_ADMIN)");
  return Ok();
}

Status SetOptions(int fd, const NetlinkSocketState& state) {
  size_t known = 0;
  for (const Named& option : kOptions) {
    if (!state.options.contains(option.name)) continue;
    ++known;
    const int on = 1;
    if (setsockopt(fd, SOL_NETLINK, option.number, &on, sizeof(on)) != 0)
      return Error::Errno("setting the netlink option ", option.name,
                          option.number == NETLINK_LISTEN_ALL_NSID ? " (CAP_NET_BROADCAST)" : "");
  }
  if (known != state.options.size()) return Error(ErrorCode::kBadImage, "netlink_socket.options has one this version does not know");
  for (const uint32_t group : state.groups) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
      return Error::Errno("joining the netlink group ", group, " (CAP_NET_ADMIN)");
  }
  return Ok();
}

}  // namespace

bool NetlinkSocketKind::Claims(const FdFacts& file) const {
  if (!S_ISSOCK(file.stat.st_mode)) return false;
  const Result<int> domain = SocketNumber(file, SO_DOMAIN);
  return domain.has_value() && domain.value() == AF_NETLINK;
}

Status NetlinkSocketKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadSocket(file));
  return Ok();
}

Result<Value> NetlinkSocketKind::Collect(const FdFacts& file, std::span<const FdFacts>, CollectContext&) const {
  ASSIGN_OR_RETURN(const NetlinkSocketState state, ReadSocket(file));
  return Encode(state);
}

Result<ScopedFd> NetlinkSocketKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const NetlinkSocketState state, Decode<NetlinkSocketState>(value, "netlink_socket"));
  ScopedFd fd(socket(AF_NETLINK, state.type | SOCK_CLOEXEC, state.protocol));
  if (!fd.valid()) return Error::Errno("making a netlink socket of protocol ", state.protocol);
  // The filter first: nothing that it would drop may come in.
  RETURN_IF_ERROR(ApplySocketOptions(fd.get(), state.socket));
  RETURN_IF_ERROR(Bind(fd.get(), state.port));
  RETURN_IF_ERROR(SetOptions(fd.get(), state));
  RETURN_IF_ERROR(Connect(fd.get(), state));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status NetlinkSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const NetlinkSocketState state, Decode<NetlinkSocketState>(value, "netlink_socket"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::netlink_socket
