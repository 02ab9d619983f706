#ifndef PLUGINS_INET_SOCKET_TCP_CONNECT_H_
#define PLUGINS_INET_SOCKET_TCP_CONNECT_H_

#include <span>
#include <string>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_options.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::inet_socket {

// A new TCP socket, bound to `local` (empty: not bound).  It may share a port with others that were
// made so, and with what is left of closed connections: whoever restores sets SO_REUSEADDR right in
// the end.
Result<ScopedFd> NewBound(int family, const InetAddress& local, const InetOptions& options);

// The same for who is going to connect: a port that a closed connection still keeps (TIME_WAIT) can
// be had all the same, by letting connect(2) choose among that one only.
Result<ScopedFd> NewClient(int family, const InetAddress& local, const InetOptions& options);

// connect(2) of a non-blocking socket, to somebody on this machine who listens: it is connected
// when this returns.
Status ConnectNow(int local_fd, const InetAddress& remote, int family);

struct TcpSides {
  ScopedFd accepted;
  ScopedFd client;
};

// Connects `client`, which is bound, to `address` and accepts that very connection from one of
// `listeners`; who else connected is hung up on.
Result<TcpSides> ConnectAndAccept(ScopedFd client, const InetAddress& address, int family,
                                  std::span<const int> listeners);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_CONNECT_H_
