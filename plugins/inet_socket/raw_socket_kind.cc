#include "plugins/inet_socket/raw_socket_kind.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/raw_state.h"
#include "plugins/inet_socket/raw_table.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::inet_socket {
namespace {

using Icmp6Filter = std::array<uint32_t, 8>;

bool IsPing(int family, int type, int protocol) {
  const int echo = family == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  return type == SOCK_DGRAM && protocol == echo;
}

// SO_PEEK_OFF does not exist here, so that only the first packet could be looked at.
Status CheckNothingUnread(const FdFacts& file) {
  if (HasPendingError(file.local_fd))
    return Error(ErrorCode::kUnsupported,
                 StrCat("the raw socket fd ", file.fd,
                        " has an error pending, which shows only to who takes it off; try again "
                        "when it has been read"))
        .Passing();
  if (UnreadMemory(file.local_fd) == 0 || file.external == ExternalPolicy::kClose) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the raw socket fd ", file.fd,
                      " has unread packets, of which the kernel shows the first only, and which "
                      "nobody can send to this socket alone; try again when they have been read, "
                      "or drop them with --external close"))
      .Passing();
}

// The kernel does not tell which socket is the multicast router's (net/ipv4/ipmr.c, MRT_INIT), but
// that there is one.
Status CheckNoRouter(const FdFacts& file, int family, int protocol) {
  const bool may_be = family == AF_INET ? protocol == IPPROTO_IGMP : protocol == IPPROTO_ICMPV6;
  if (!may_be) return Ok();
  const Result<std::string> forwarding =
      ReadFile(StrCat("/proc/sys/net/ipv", family == AF_INET ? 4 : 6, "/conf/all/mc_forwarding"));
  if (!forwarding.has_value() || forwarding.value().starts_with("0")) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the raw socket fd ", file.fd,
                      " may be a multicast router's (MRT_INIT), whose routes cannot be saved; "
                      "stop routing first"));
}

Status CheckRaw(const FdFacts& file) {
  RETURN_IF_ERROR(CheckNetworkNamespace(file));
  RETURN_IF_ERROR(ReadInetOptions(file.local_fd, /*connected=*/true));
  RETURN_IF_ERROR(CheckNoRouter(file, SocketNumber(file.local_fd, SO_DOMAIN),
                                SocketNumber(file.local_fd, SO_PROTOCOL)));
  return file.frozen ? CheckNothingUnread(file) : Ok();
}

std::vector<uint32_t> ReadIcmp6Filter(const RawState& state, int local_fd) {
  Icmp6Filter filter = {};
  socklen_t size = sizeof(filter);
  if (state.type != SOCK_RAW || state.protocol != IPPROTO_ICMPV6 ||
      getsockopt(local_fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter.data(), &size) != 0)
    return {};
  return {filter.begin(), filter.end()};
}

Status CollectEnds(const FdFacts& file, RawState& state) {
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  state.local = local.ToInetAddress();
  ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(file.local_fd));
  if (remote.size() != 0) {
    state.remote = remote.ToInetAddress();
    return Ok();
  }
  ASSIGN_OR_RETURN(const auto info, FindRawSocket(state.family, state.type, file.stat.st_ino));
  if (!info.has_value() || !info->connected) return Ok();
  state.remote = AsAddress(info->remote, state.family);
  state.remote.scope = state.local.scope;
  return Ok();
}

Status Bind(const RawState& state, int local_fd) {
  ASSIGN_OR_RETURN(const SockAddress local, SockAddress::From(state.local, state.family));
  const bool chooses = state.type == SOCK_DGRAM && state.local.port != 0;
  if (local.ToEndpoint().IsAny() && !chooses) return Ok();
  if (bind(local_fd, local.data(), local.size()) != 0)
    return BindError(errno, AddressText(state.local));
  return Ok();
}

Status Connect(const RawState& state, int local_fd) {
  if (state.remote.empty()) return Ok();
  ASSIGN_OR_RETURN(const SockAddress remote, SockAddress::From(state.remote, state.family));
  if (connect(local_fd, remote.data(), remote.size()) == 0) return Ok();
  return Error::Errno("connecting a raw socket to ", AddressText(state.remote));
}

Status SetIcmp6Filter(const RawState& state, int local_fd) {
  if (state.icmp6_filter.empty()) return Ok();
  Icmp6Filter filter = {};
  std::copy(state.icmp6_filter.begin(), state.icmp6_filter.end(), filter.begin());
  if (setsockopt(local_fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter.data(), sizeof(filter)) != 0)
    return Error::Errno("setting ICMPV6_FILTER");
  return Ok();
}

Result<ScopedFd> NewRawSocket(const RawState& state) {
  Result<ScopedFd> fd = NewSocket(state.family, state.type, state.protocol);
  if (fd.has_value()) return fd;
  return std::move(fd).error().While(
      state.type == SOCK_RAW
          ? "making a raw socket, which takes CAP_NET_RAW over the network namespace"
          : "making a ping socket, for which net.ipv4.ping_group_range has to hold the user's "
            "group");
}

}  // namespace

Result<RawState> DecodeRaw(const Value& value) {
  ASSIGN_OR_RETURN(const RawState state, Decode<RawState>(value, "raw_socket"));
  const bool is_family = state.family == AF_INET || state.family == AF_INET6;
  const bool is_type = state.type == SOCK_RAW || IsPing(state.family, state.type, state.protocol);
  if (!is_family || !is_type)
    return Error(ErrorCode::kBadImage,
                 "raw_socket.family, type and protocol are of no such socket");
  if (!state.icmp6_filter.empty() && state.icmp6_filter.size() != Icmp6Filter().size())
    return Error(ErrorCode::kBadImage, "raw_socket.icmp6_filter is none");
  return state;
}

bool RawSocketKind::Claims(const FdFacts& file) const {
  if (!S_ISSOCK(file.stat.st_mode) || !file.link.starts_with("socket:[")) return false;
  const int family = SocketNumber(file.local_fd, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return false;
  const int type = SocketNumber(file.local_fd, SO_TYPE);
  return type == SOCK_RAW || IsPing(family, type, SocketNumber(file.local_fd, SO_PROTOCOL));
}

Status RawSocketKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return CheckRaw(file);
}

Result<Value> RawSocketKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                     CollectContext& context) const {
  RawState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.family = SocketNumber(file.local_fd, SO_DOMAIN);
  state.type = SocketNumber(file.local_fd, SO_TYPE);
  state.protocol = SocketNumber(file.local_fd, SO_PROTOCOL);
  RETURN_IF_ERROR(CheckNothingUnread(file));
  if (UnreadMemory(file.local_fd) != 0)
    context.Warn(StrCat("the unread packets of the raw socket fd ", file.fd,
                        " are not saved (--external close)"));
  RETURN_IF_ERROR(CollectEnds(file, state));
  state.ended = (PollNow(file.local_fd, POLLRDHUP) & POLLRDHUP) != 0;
  state.owner = {.uid = file.stat.st_uid, .gid = file.stat.st_gid};
  state.icmp6_filter = ReadIcmp6Filter(state, file.local_fd);
  ASSIGN_OR_RETURN(state.memberships, ReadMemberships(file.local_fd, state.family));
  ASSIGN_OR_RETURN(state.inet, ReadInetOptions(file.local_fd, /*connected=*/true), "fd ", file.fd);
  ASSIGN_OR_RETURN(state.options, ReadSocketOptions(file.local_fd), "fd ", file.fd);
  return Encode(state);
}

// A raw socket takes packets from the moment on that it is made: all is kept out until it is as it
// was.
Result<ScopedFd> RawSocketKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const RawState state, DecodeRaw(value));
  ASSIGN_OR_RETURN(ScopedFd fd, NewRawSocket(state));
  RETURN_IF_ERROR(ShutOut(fd.get()));
  RETURN_IF_ERROR(ApplyBeforeBind(fd.get(), state.inet));
  RETURN_IF_ERROR(SetIcmp6Filter(state, fd.get()));
  RETURN_IF_ERROR(Bind(state, fd.get()));
  RETURN_IF_ERROR(Connect(state, fd.get()));
  return fd;
}

Status RawSocketKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const RawState state, DecodeRaw(value));
  for (const Membership& membership : state.memberships)
    RETURN_IF_ERROR(Join(local_fd, state.family, membership));
  // Of one that is not connected it works, and says ENOTCONN.
  if (state.ended && shutdown(local_fd, SHUT_RD) != 0 && errno != ENOTCONN)
    return Error::Errno("shutting a raw socket down");
  SetOwner(local_fd, state.owner, context);
  RETURN_IF_ERROR(ApplyAfterBind(local_fd, state.inet));
  RETURN_IF_ERROR(SetStatusFlags(local_fd, state.open.flags));
  // Its own filter takes the place of the one that keeps all out; that it has none may be locked.
  if (state.options.filter.empty()) RETURN_IF_ERROR(LetIn(local_fd));
  return ApplySocketOptions(local_fd, state.options);
}

Status RawSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const RawState state, DecodeRaw(value));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::inet_socket
