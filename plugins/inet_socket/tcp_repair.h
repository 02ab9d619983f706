#ifndef PLUGINS_INET_SOCKET_TCP_REPAIR_H_
#define PLUGINS_INET_SOCKET_TCP_REPAIR_H_

#include <linux/tcp.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"

// A TCP socket in repair mode (TCP_REPAIR; CAP_NET_ADMIN over its network namespace): its queues
// and numbers are open to the caller, what is sent is put into a queue, and closing it says nothing
// to the other side.  net/ipv4/tcp.c, do_tcp_setsockopt(), do_tcp_getsockopt().
namespace tardigrade::inet_socket {

// Whether the caller may do it at all.  Errors: kDenied.
Status CheckMayRepair();

int Number(int fd, int option);  // Of IPPROTO_TCP; 0 if it cannot be asked.

// errno, or 0.
int StartRepair(int fd);
// Takes the socket out again, without a word to the other side, and gives it SO_REUSEADDR again,
// which both ways change.  Nothing happens to one that is in no repair.
void EndRepair(int fd, int reuse_address);
// errno, or 0.
int ChooseQueue(int fd, int queue);

// How far a connection has come: as long as it stays the same, so do queues and numbers, but for
// what the program itself does.
struct TcpProgress {
  uint8_t stage = 0;  // TcpStage
  uint64_t acknowledged = 0;
  uint64_t received = 0;
  bool operator==(const TcpProgress&) const = default;
};
TcpProgress ProgressOf(int fd);

// What shows in repair only.  Plain data, read by one process for another.
struct TcpReading {
  int32_t error = 0;  // errno of what failed, and what that was.
  const char* step = "";
  TcpProgress progress;
  uint32_t send_seq = 0;        // Of the byte that would be written next.
  uint32_t receive_seq = 0;     // That would come next.
  uint32_t unacknowledged = 0;  // Bytes; the end of the stream counts for one.
  uint32_t not_sent = 0;        // Of these.
  uint32_t mss = 0;             // The largest segment that the other side takes.
  uint32_t timestamp = 0;
  tcp_repair_window window = {};
  uint64_t queued =
      0;  // Bytes of the send queue that are in the buffer; the first ones may be acknowledged.
};

// Takes the socket into repair and out again; the window of that is kept short.  `buffer`: room for
// the send queue and what the kernel still has of its first segment.
void ReadInRepair(int fd, int reuse_address, std::span<std::byte> buffer, TcpReading& reading);

// Room for a segment of which part is acknowledged.
inline constexpr size_t kSegmentRoom = 1 << 20;

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_REPAIR_H_
