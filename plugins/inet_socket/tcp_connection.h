#ifndef PLUGINS_INET_SOCKET_TCP_CONNECTION_H_
#define PLUGINS_INET_SOCKET_TCP_CONNECTION_H_

#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::inet_socket {

// What struct tcp_info shows first.
TcpStage StageOf(int local_fd);
// Of a listener: how many wait to be accepted.
uint32_t WaitingCount(int local_fd);

// Who has the other side of a connection.
enum class OtherSide {
  kSaved,    // A socket of the job.
  kWaiting,  // Nobody yet: a listener of the job has not accepted it.
  kHungUp,   // Nobody any more: it was closed.
  kOutside,  // Somebody who is not saved, here or on another machine.
  kChanged,  // This side is not connected any more.
};

struct TcpConnection {
  OtherSide other_side = OtherSide::kChanged;
  TcpSocketInfo own;
  std::optional<TcpSocketInfo> other;     // If it is on this machine.
  const FdFacts* other_file = nullptr;    // kSaved; of `all`.
  std::vector<const FdFacts*> listeners;  // kWaiting: of whom it waits; of `all`.
};

// `file` is a TCP socket that is connected.  Errors: kUnsupported for one that is connected to
// itself.
Result<TcpConnection> LookAtConnection(const FdFacts& file, std::span<const FdFacts> all,
                                       InetDiag& diag);

// Which of `all` listen at `end`, so that it may have been accepted by them.
Result<std::vector<const FdFacts*>> FindListeners(const InetEndpoint& end,
                                                  std::span<const FdFacts> all, InetDiag& diag);

// Refuses what is connected to somebody who is not saved, saying who that is and the way out.
Error RefuseOutside(const FdFacts& file, const TcpConnection& connection);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_CONNECTION_H_
