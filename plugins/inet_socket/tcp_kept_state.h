#ifndef PLUGINS_INET_SOCKET_TCP_KEPT_STATE_H_
#define PLUGINS_INET_SOCKET_TCP_KEPT_STATE_H_

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"

namespace tardigrade::inet_socket {

// What the other side of a connection relies upon.  Numbers of bytes as in the packets.
struct TcpKeptState {
  std::string hold;  // The table in the packet filter that holds packets off until the restore.
  uint32_t send_seq = 0;     // Of the first byte of `sent`.
  uint32_t receive_seq = 0;  // Of the first byte that can be read.
  Attachment sent;           // And not acknowledged.
  Attachment not_sent;

  uint32_t mss = 0;  // The largest segment that the other side takes.
  bool has_scale = false;
  uint32_t send_scale = 0;
  uint32_t receive_scale = 0;
  bool has_sack = false;
  bool has_timestamps = false;
  uint32_t timestamp = 0;  // The own clock, with its unit in the lowest bit.

  // struct tcp_repair_window.
  uint32_t send_window_seq = 0;
  uint32_t send_window = 0;
  uint32_t largest_window = 0;
  uint32_t receive_window = 0;
  uint32_t receive_window_seq = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("hold", self.hold, Range<size_t>{1, 64});
    visit("send_seq", self.send_seq);
    visit("receive_seq", self.receive_seq);
    visit("sent", self.sent);
    visit("not_sent", self.not_sent);
    visit("mss", self.mss, Range<uint32_t>{1, 1 << 16});
    visit("has_scale", self.has_scale);
    visit("send_scale", self.send_scale, Range<uint32_t>{0, 14});
    visit("receive_scale", self.receive_scale, Range<uint32_t>{0, 14});
    visit("has_sack", self.has_sack);
    visit("has_timestamps", self.has_timestamps);
    visit("timestamp", self.timestamp);
    visit("send_window_seq", self.send_window_seq);
    visit("send_window", self.send_window);
    visit("largest_window", self.largest_window);
    visit("receive_window", self.receive_window);
    visit("receive_window_seq", self.receive_window_seq);
  }
};

// Errors: kBadImage.
Status CheckKept(const TcpKeptState& kept);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_KEPT_STATE_H_
