#include "plugins/inet_socket/udp_make.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "plugins/inet_socket/udp_queue.h"

namespace tardigrade::inet_socket {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

Status SetNumber(int fd, int option, int value) {
  if (setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) == 0) return Ok();
  return Error::Errno("setting an option of a UDP socket");
}

// For the time being as much as it may have: all of it fitted in, as it came.
void MakeRoom(int fd, uint32_t bytes) {
  const int size = static_cast<int>(std::min<uint32_t>(bytes, 1u << 30));
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

// Who has the address in the job, or somebody made up for the moment.
Result<int> SenderOf(const UdpState& state, const Datagram& datagram, CreateContext& context,
                     ScopedFd& made_up) {
  if (!datagram.sender.empty()) {
    ASSIGN_OR_RETURN(const UdpState sender, DecodeUdp(datagram.sender, context));
    if (sender.local.port == datagram.from.port) return context.Object(datagram.sender);
  }
  ASSIGN_OR_RETURN(made_up, NewSocket(state.family, SOCK_DGRAM, state.protocol.value_or(0)));
  ASSIGN_OR_RETURN(const SockAddress from, SockAddress::From(datagram.from, state.family));
  if (bind(made_up.get(), from.data(), from.size()) != 0)
    return BindError(errno, AddressText(datagram.from));
  return made_up.get();
}

// To the address it was sent to; where that does not show, to the receiver's own, or to the
// sender's machine, which is this.
Result<SockAddress> Destination(const UdpState& state, const Datagram& datagram, int sender) {
  const int family = SocketNumber(sender, SO_DOMAIN);
  ASSIGN_OR_RETURN(const SockAddress local, SockAddress::From(state.local, state.family));
  InetAddress to = datagram.to;
  if (to.empty()) to = local.ToEndpoint().IsAny() ? datagram.from : state.local;
  to.port = state.local.port;
  ASSIGN_OR_RETURN(const SockAddress in_own_family, SockAddress::From(to, state.family));
  if (family == state.family) return in_own_family;
  return SockAddress::From(AsAddress(in_own_family.ToEndpoint(), family), family);
}

Status SendDatagram(const UdpState& state, const Datagram& datagram,
                    std::span<const std::byte> bytes, CreateContext& context) {
  ScopedFd made_up;
  ASSIGN_OR_RETURN(const int sender, SenderOf(state, datagram, context, made_up));
  ASSIGN_OR_RETURN(const SockAddress to, Destination(state, datagram, sender));
  const ssize_t sent =
      sendto(sender, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to.data(), to.size());
  if (sent == static_cast<ssize_t>(bytes.size())) return Ok();
  return Error::Errno("sending a datagram from ", AddressText(datagram.from), " to ",
                      AddressText(state.local), " again");
}

// UDP tells nobody of what it drops.  A look at one without bytes would hide it from the next
// snapshot, so where there is such a one, only the first is looked at.
Status CheckAllArrived(const UdpState& state, int local_fd, std::span<const std::byte> bytes) {
  const bool has_empty = std::any_of(state.datagrams.begin(), state.datagrams.end(),
                                     [](const Datagram& one) { return one.size == 0; });
  if (has_empty) return Ok();
  ASSIGN_OR_RETURN(const std::vector<PeekedDatagram> queue, PeekDatagrams(local_fd));
  bool same = queue.size() == state.datagrams.size();
  for (size_t i = 0; same && i < queue.size(); ++i) {
    const Datagram& wanted = state.datagrams[i];
    same = queue[i].from.ToInetAddress() == wanted.from &&
           std::ranges::equal(queue[i].bytes, bytes.first(wanted.size));
    bytes = bytes.subspan(wanted.size);
  }
  if (same) return Ok();
  return Error(ErrorCode::kSystem,
               StrCat("the ", state.datagrams.size(), " unread datagrams of the UDP socket ",
                      AddressText(state.local), " did not arrive as they were (", queue.size(),
                      " did); does a firewall forbid it, or somebody send to it?"));
}

// Connected, it takes nothing from others, but what came from them before stays unread.
bool HoldsOthers(const UdpState& state) {
  return std::any_of(state.datagrams.begin(), state.datagrams.end(),
                     [&](const Datagram& one) { return one.from != state.remote; });
}

Status Connect(const UdpState& state, int local_fd) {
  if (state.remote.empty()) return Ok();
  ASSIGN_OR_RETURN(const SockAddress remote, SockAddress::From(state.remote, state.family));
  if (connect(local_fd, remote.data(), remote.size()) == 0) return Ok();
  return Error::Errno("connecting a UDP socket to ", AddressText(state.remote));
}

}  // namespace

Result<ScopedFd> MakeUdp(const UdpState& state) {
  ASSIGN_OR_RETURN(ScopedFd fd, NewSocket(state.family, SOCK_DGRAM, state.protocol.value_or(0)));
  RETURN_IF_ERROR(ApplyBeforeBind(fd.get(), state.inet));
  if (state.options.others.contains("reuseaddr"))
    RETURN_IF_ERROR(SetNumber(fd.get(), SO_REUSEADDR, 1));
  if (state.options.others.contains("broadcast"))
    RETURN_IF_ERROR(SetNumber(fd.get(), SO_BROADCAST, 1));
  MakeRoom(fd.get(), state.options.receive_buffer);
  ASSIGN_OR_RETURN(const SockAddress local, SockAddress::From(state.local, state.family));
  if ((state.local.port != 0 || !local.ToEndpoint().IsAny()) &&
      bind(fd.get(), local.data(), local.size()) != 0)
    return BindError(errno, AddressText(state.local));
  if (!HoldsOthers(state)) RETURN_IF_ERROR(Connect(state, fd.get()));
  return fd;
}

Status FillUdp(const UdpState& state, int local_fd, CreateContext& context) {
  if (state.datagrams.empty()) return Ok();
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   context.attachments().Get(state.data, kMostBytes));
  std::span<const std::byte> rest(bytes);
  for (const Datagram& datagram : state.datagrams) {
    RETURN_IF_ERROR(SendDatagram(state, datagram, rest.first(datagram.size), context));
    rest = rest.subspan(datagram.size);
  }
  return CheckAllArrived(state, local_fd, bytes);
}

Status SettleUdp(const UdpState& state, int local_fd, CreateContext& context) {
  if (HoldsOthers(state)) RETURN_IF_ERROR(Connect(state, local_fd));
  for (const Membership& membership : state.memberships)
    RETURN_IF_ERROR(Join(local_fd, state.family, membership));
  // To wake up readers, programs shut down what is not connected: that works, and says ENOTCONN.
  if (state.shutdown != 0 && shutdown(local_fd, static_cast<int>(state.shutdown) - 1) != 0 &&
      errno != ENOTCONN)
    return Error::Errno("shutting a UDP socket down");
  SetOwner(local_fd, state.owner, context);
  RETURN_IF_ERROR(ApplyAfterBind(local_fd, state.inet));
  return ApplySocketOptions(local_fd, state.options);
}

}  // namespace tardigrade::inet_socket
