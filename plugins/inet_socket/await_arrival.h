#ifndef PLUGINS_INET_SOCKET_AWAIT_ARRIVAL_H_
#define PLUGINS_INET_SOCKET_AWAIT_ARRIVAL_H_

#include <cstdint>

#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"

namespace tardigrade::inet_socket {

// One end of a connection of which both are on this machine.
struct TcpEnd {
  InetEndpoint local;
  int local_fd = -1;  // -1: nobody has it.
};

// Waits until all that `sender` was ever given to send can be read at `receiver`, with the end of
// the stream if that was sent.  Nobody may write to the one or read from the other meanwhile.
//
// What sits in a send queue cannot be looked at without CAP_NET_ADMIN, but the kernel moves it on
// by itself as far as the receiver has room.  So nothing is taken out of any queue: where the room
// is not enough more is made, and a segment that is held back (Nagle, TCP_CORK) is pushed.  Should
// the caller be killed in the middle, the connection has delivered early what it would have
// delivered later.
//
// Errors: kUnsupported if it does not arrive in seconds.
Status AwaitArrival(const TcpEnd& sender, const TcpEnd& receiver, InetDiag& diag);

// Whether it is there: a pure function of what the kernel says of both, `sender` asked first.
bool HasArrived(const TcpSocketInfo& sender, const TcpSocketInfo& receiver);

// Makes room for `bytes` in all in the receive queue while it lives.
//
// Without privilege a buffer grows beyond net.core.rmem_max as the kernel's own do, to
// net.ipv4.tcp_rmem: by SO_RCVLOWAT (tcp_set_rcvlowat(), net/ipv4/tcp.c), which wants a size that
// is not locked (SO_BUF_LOCK).  A size that the program chose is set back in the end; one that the
// kernel manages is the kernel's.
class ScopedRoom {
 public:
  ScopedRoom(int local_fd, uint64_t bytes);
  ~ScopedRoom();
  ScopedRoom(const ScopedRoom&) = delete;

 private:
  int local_fd_;
  int lock_ = 0;  // SO_BUF_LOCK
  int size_ = 0;  // SO_RCVBUF as getsockopt(2) shows it.
};

// Lets the receiver tell the sender at once of room that it has: looking does that
// (tcp_cleanup_rbuf(), net/ipv4/tcp.c).
void AnnounceRoom(int receiver_fd);

// Sends what waits for more to be sent with it; the setting stays as it is.
void PushHeldBack(int sender_fd);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_AWAIT_ARRIVAL_H_
