#include "plugins/inet_socket/tcp_connect.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "plugins/inet_socket/inet_file.h"

namespace tardigrade::inet_socket {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kConnectBudget =
    std::chrono::seconds(10);  // A SYN that is lost is sent again after one.
constexpr int kTickMs = 20;

Error Slow(const InetAddress& remote) {
  return Error(ErrorCode::kSystem,
               StrCat("a connection to ", AddressText(remote),
                      " did not come about on this very machine; does a firewall forbid it?"));
}

bool Await(int fd, short events) {
  pollfd poller{.fd = fd, .events = events, .revents = 0};
  return poll(&poller, 1, kTickMs) == 1;
}

// Once more when it is made: the socket notes that it is connected only then (net/ipv4/af_inet.c,
// __inet_stream_connect()).
Status FinishConnect(int fd, const SockAddress& to, const InetAddress& remote) {
  const Clock::time_point deadline = Clock::now() + kConnectBudget;
  while (!Await(fd, POLLOUT)) {
    if (Clock::now() > deadline) return Slow(remote);
  }
  if (connect(fd, to.data(), to.size()) == 0 || errno == EISCONN) return Ok();
  return Error::Errno("connecting to ", AddressText(remote));
}

Result<ScopedFd> AcceptFrom(std::span<const int> listeners, const InetEndpoint& client) {
  for (const int listener : listeners) {
    for (;;) {
      ScopedFd accepted(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!accepted.valid() && errno == EAGAIN) break;
      if (!accepted.valid()) return Error::Errno("accepting a connection");
      ASSIGN_OR_RETURN(const SockAddress from, ReadRemote(accepted.get()));
      if (from.size() != 0 && from.ToEndpoint() == client) return accepted;
    }
  }
  return ScopedFd();
}

}  // namespace

Result<ScopedFd> NewBound(int family, const InetAddress& local, const InetOptions& options) {
  ASSIGN_OR_RETURN(ScopedFd fd, NewSocket(family, SOCK_STREAM));
  RETURN_IF_ERROR(ApplyBeforeBind(fd.get(), options));
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
    return Error::Errno("SO_REUSEADDR");
  if (local.empty()) return fd;
  ASSIGN_OR_RETURN(const SockAddress address, SockAddress::From(local, family));
  if (local.port == 0 && address.ToEndpoint().IsAny()) return fd;
  if (bind(fd.get(), address.data(), address.size()) != 0)
    return BindError(errno, AddressText(local));
  return fd;
}

// IP_LOCAL_PORT_RANGE, since 6.3: where there is none, the port is in use.
Result<ScopedFd> NewClient(int family, const InetAddress& local, const InetOptions& options) {
  Result<ScopedFd> bound = NewBound(family, local, options);
  if (bound.has_value() || bound.error().errno_value() != EADDRINUSE) return bound;
  InetAddress without_port = local;
  without_port.port = 0;
  InetOptions later_port = options;
  later_port.numbers["bind_address_no_port"] = 1;
  later_port.numbers["local_port_range"] = local.port << 16 | local.port;
  Result<ScopedFd> fd = NewBound(family, without_port, later_port);
  return fd.has_value() ? std::move(fd) : std::move(bound);
}

Status ConnectNow(int local_fd, const InetAddress& remote, int family) {
  ASSIGN_OR_RETURN(const SockAddress to, SockAddress::From(remote, family));
  if (connect(local_fd, to.data(), to.size()) == 0) return Ok();
  if (errno != EINPROGRESS) return Error::Errno("connecting to ", AddressText(remote));
  return FinishConnect(local_fd, to, remote);
}

Result<TcpSides> ConnectAndAccept(ScopedFd client, const InetAddress& address, int family,
                                  std::span<const int> listeners) {
  TcpSides sides;
  sides.client = std::move(client);
  const Status connected = ConnectNow(sides.client.get(), address, family);
  if (!connected.has_value() && connected.error().errno_value() == EADDRNOTAVAIL)
    return BindError(EADDRINUSE,
                     StrCat("from which there was a connection to ", AddressText(address)));
  if (!connected.has_value()) return Error(connected.error());
  ASSIGN_OR_RETURN(const SockAddress own, ReadLocal(sides.client.get()));
  const Clock::time_point deadline = Clock::now() + kConnectBudget;
  while (!sides.accepted.valid()) {
    if (Clock::now() > deadline) return Slow(address);
    Await(listeners.front(), POLLIN);
    ASSIGN_OR_RETURN(sides.accepted, AcceptFrom(listeners, own.ToEndpoint()));
  }
  return sides;
}

}  // namespace tardigrade::inet_socket
