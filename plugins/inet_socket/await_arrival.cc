#include "plugins/inet_socket/await_arrival.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <memory>
#include <thread>

#include "plugins/inet_socket/inet_address.h"

namespace tardigrade::inet_socket {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kFirstPause = std::chrono::microseconds(50);
constexpr auto kLongestPause = std::chrono::milliseconds(2);
constexpr auto kWithoutProgress = std::chrono::seconds(3);  // Several retransmissions.
constexpr int kBufLock = 72;                                // SO_BUF_LOCK, since 5.14.
constexpr int kReceiveLocked = 2;
constexpr uint64_t kSpareRoom = 256 << 10;  // Bytes.

int Get(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : 0;
}

bool Set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

bool HasSentEnd(TcpStage stage) {
  return stage != TcpStage::kEstablished && stage != TcpStage::kCloseWait;
}

// What is known of both at one moment; `gone` if one is not there any more.
struct Look {
  bool gone = false;
  TcpSocketInfo sender;
  TcpSocketInfo receiver;
  uint64_t outstanding() const { return uint64_t{sender.send_queue} + receiver.receive_queue; }
  bool SameAs(const Look& other) const {
    return sender.send_queue == other.sender.send_queue &&
           receiver.receive_queue == other.receiver.receive_queue;
  }
};

Result<Look> LookAt(const TcpEnd& sender, const TcpEnd& receiver, InetDiag& diag) {
  Look look;
  // In this order: what arrives in between makes no difference then.
  ASSIGN_OR_RETURN(const auto from, diag.Find(sender.local, receiver.local));
  ASSIGN_OR_RETURN(const auto to, diag.Find(receiver.local, sender.local));
  look.gone = !from.has_value() || !to.has_value();
  if (!look.gone) {
    look.sender = *from;
    look.receiver = *to;
  }
  return look;
}

}  // namespace

ScopedRoom::ScopedRoom(int local_fd, uint64_t bytes)
    : local_fd_(local_fd),
      lock_(Get(local_fd, SOL_SOCKET, kBufLock)),
      size_(Get(local_fd, SOL_SOCKET, SO_RCVBUF)) {
  const int lowat = Get(local_fd, SOL_SOCKET, SO_RCVLOWAT);
  const auto wanted = static_cast<int>(std::min<uint64_t>(bytes, INT_MAX / 4));
  Set(local_fd, SOL_SOCKET, kBufLock, lock_ & ~kReceiveLocked);
  Set(local_fd, SOL_SOCKET, SO_RCVLOWAT, wanted);
  Set(local_fd, SOL_SOCKET, SO_RCVLOWAT, lowat);
  // Twice the size that is asked for is what the kernel gives, half of which is overhead.
  if (Get(local_fd, SOL_SOCKET, SO_RCVBUF) / 2 < wanted)
    Set(local_fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted);
}

ScopedRoom::~ScopedRoom() {
  if ((lock_ & kReceiveLocked) != 0 && !Set(local_fd_, SOL_SOCKET, SO_RCVBUFFORCE, size_ / 2))
    Set(local_fd_, SOL_SOCKET, SO_RCVBUF, size_ / 2);
  Set(local_fd_, SOL_SOCKET, kBufLock, lock_);
}

void AnnounceRoom(int receiver_fd) {
  char byte;
  (void)recv(receiver_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

// To set TCP_NODELAY pushes even what TCP_CORK holds back (tcp_sock_set_nodelay(), net/ipv4/tcp.c).
void PushHeldBack(int sender_fd) {
  const int before = Get(sender_fd, IPPROTO_TCP, TCP_NODELAY);
  Set(sender_fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (before == 0) Set(sender_fd, IPPROTO_TCP, TCP_NODELAY, 0);
}

// All is acknowledged; or all was sent once, nothing was sent twice, and as much has come in order.
// An acknowledgement may be delayed for 40 ms, which the second spares.
bool HasArrived(const TcpSocketInfo& sender, const TcpSocketInfo& receiver) {
  if (sender.send_queue == 0) return true;
  return !HasSentEnd(sender.stage) && sender.bytes_sent_again == 0 && sender.bytes_not_sent == 0 &&
         sender.bytes_sent == receiver.bytes_received;
}

Status AwaitArrival(const TcpEnd& sender, const TcpEnd& receiver, InetDiag& diag) {
  Clock::time_point last_progress = Clock::now();
  Clock::duration pause = kFirstPause;
  std::unique_ptr<ScopedRoom> room;
  ASSIGN_OR_RETURN(Look before, LookAt(sender, receiver, diag));
  for (Look now = before;;) {
    if (now.gone || HasArrived(now.sender, now.receiver)) return Ok();
    if (!now.SameAs(before)) last_progress = Clock::now();
    if (Clock::now() - last_progress > kWithoutProgress)
      return Error(ErrorCode::kUnsupported,
                   StrCat(now.sender.send_queue, " bytes under way from ",
                          EndpointText(sender.local), " to ", EndpointText(receiver.local),
                          " do not arrive there, and cannot be looked at where they are; try again "
                          "when they have been read"));
    if (sender.local_fd >= 0) PushHeldBack(sender.local_fd);
    if (receiver.local_fd >= 0 && pause > kFirstPause) {
      if (room == nullptr)
        room = std::make_unique<ScopedRoom>(receiver.local_fd, 2 * now.outstanding() + kSpareRoom);
      AnnounceRoom(receiver.local_fd);
    }
    std::this_thread::sleep_for(pause);
    pause = std::min<Clock::duration>(pause * 2, kLongestPause);
    before = now;
    ASSIGN_OR_RETURN(now, LookAt(sender, receiver, diag));
  }
}

}  // namespace tardigrade::inet_socket
