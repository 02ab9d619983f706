#ifndef PLUGINS_INET_SOCKET_TCP_STATE_H_
#define PLUGINS_INET_SOCKET_TCP_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/inet_options.h"
#include "plugins/inet_socket/tcp_kept_state.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::inet_socket {

// How far a TCP socket came.
enum class Stage : uint32_t {
  kIdle = 0,  // Made, maybe bound.
  kListening = 1,
  kConnecting = 2,  // SYN sent, no answer yet.
  kConnected = 3,   // Half-closed ones too.
  kWaiting = 4,     // Connected to a listener of the job that has not accepted it yet.
  kEnded = 5,       // Was connected; both directions have ended.
};

// What became of the other side of a connection that nobody of the job has.
enum class Ending : uint32_t {
  kNone = 0,    // It is in the image.
  kClosed = 1,  // It was closed in good order.
  kReset = 2,   // It is somebody else's (--external close): this side is to be reset.
  kKept = 3,    // It is somebody else's (--external keep), and knows nothing.
};

inline constexpr uint32_t kShutForReading = 1;
inline constexpr uint32_t kShutForWriting = 2;

struct TcpState {
  std::string key;     // Its own.
  int32_t family = 0;  // AF_INET or AF_INET6
  Stage stage = Stage::kIdle;
  InetAddress local;   // Empty if there is none.
  InetAddress remote;  // Of what is connected, or is to be.

  // Listening.
  int32_t backlog = 0;
  std::vector<std::string> waiting;  // Keys of who is to be accepted, the oldest first.

  // Connected.
  std::string peer;                    // Key of the other side; of a waiting one, of the listener.
  std::vector<std::string> listeners;  // Keys of the job's listeners that may have accepted it.
  Ending ending = Ending::kNone;
  bool got_end = false;   // The other side has ended its stream.
  uint32_t shutdown = 0;  // As TcpSocketInfo::shutdown.
  Attachment queue;       // All that this side can still read, and what was under way to it.
  std::optional<TcpKeptState> kept;  // With Ending::kKept.

  InetOptions inet;
  SocketOptions options;
  SocketOwner owner;

  bool has_connection() const { return stage == Stage::kConnected || stage == Stage::kEnded; }
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("key", self.key, Range<size_t>{1, 64});
    visit("family", self.family, Range<int32_t>{2, 10});
    visit("stage", self.stage);
    visit("local", self.local);
    visit("remote", self.remote);
    visit("backlog", self.backlog, Range<int32_t>{0, 1 << 24});
    visit("waiting", self.waiting, Range<size_t>{0, 1 << 20});
    visit("peer", self.peer, Range<size_t>{0, 64});
    visit("listeners", self.listeners, Range<size_t>{0, 4096});
    visit("ending", self.ending);
    visit("got_end", self.got_end);
    visit("shutdown", self.shutdown, Range<uint32_t>{0, 3});
    visit("queue", self.queue);
    visit("kept", self.kept);
    visit("inet", self.inet);
    visit("options", self.options);
    visit("owner", self.owner);
  }
};

// "tcp:<inode>"
std::string TcpKey(uint64_t inode);

// Under which a side that stays nobody's is set aside until the queues are full.
std::string StandInKey(const std::string& key);

// Errors: kBadImage, for what contradicts itself as well.
Result<TcpState> DecodeTcp(const Value& value);
// Of the image's socket `key`.
Result<TcpState> DecodeTcp(const std::string& key, CreateContext& context);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_STATE_H_
