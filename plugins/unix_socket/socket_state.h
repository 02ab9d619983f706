#ifndef PLUGINS_UNIX_SOCKET_SOCKET_STATE_H_
#define PLUGINS_UNIX_SOCKET_SOCKET_STATE_H_

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::unix_socket {

// sockaddr_un::sun_path has 108 bytes; a path that fills it shows one more, its NUL.
inline constexpr size_t kLongestName = 109;

// Who called socketpair(2), listen(2) or connect(2), as the other side is told: SO_PEERCRED.
struct Creator {
  int32_t pid = 0;  // As the job sees it; 0: nobody of its PID namespace, or nobody at all.
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  // SO_PEERGROUPS.

  bool operator==(const Creator&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("pid", self.pid, Range<int32_t>{0, 1 << 22});
    visit("uid", self.uid);
    visit("gid", self.gid);
    visit("groups", self.groups, Range<size_t>{0, 65536});
  }
};

// The name of a socket: what bind(2) was given, or nothing.
struct Name {
  std::string text;  // sun_path as getsockname(2) shows it: a path with its NUL, or an abstract name.
  // Of a path: the directory a relative one starts from, as the job's root shows it.
  std::string directory;
  bool has_file = false;   // The socket's file exists; else it was removed or replaced.
  std::string renamed_to;  // Where the file is, if the path does not lead to it.
  uint32_t mode = 0;      // Of that file.
  uint32_t uid = 0;
  uint32_t gid = 0;

  bool is_path() const { return !text.empty() && text[0] != '\0'; }
  bool operator==(const Name&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("text", self.text, Range<size_t>{0, kLongestName});
    visit("directory", self.directory, Range<size_t>{0, 4096});
    visit("has_file", self.has_file);
    visit("renamed_to", self.renamed_to, Range<size_t>{0, 4096});
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("uid", self.uid);
    visit("gid", self.gid);
  }
};

// One message of a queue, or of a stream a run of bytes that came alike.
struct Message {
  uint64_t size = 0;                // Bytes.
  Name from;                        // Of the sender, in a datagram socket.
  std::string sender;               // Key of the sender, if it is saved as well.
  std::optional<Creator> creator;   // SCM_CREDENTIALS, where the receiver asked for them.
  std::vector<uint32_t> files;      // SCM_RIGHTS: numbers of files of the image.

  bool operator==(const Message&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("size", self.size, Range<uint64_t>{0, 1u << 31});
    visit("from", self.from);
    visit("sender", self.sender, Range<size_t>{0, 64});
    visit("creator", self.creator);
    visit("files", self.files, Range<size_t>{0, 253});
  }
};

struct Queue {
  Attachment data;  // Of all messages, one after the other.
  std::vector<Message> messages;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("data", self.data);
    visit("messages", self.messages, Range<size_t>{0, 1 << 20});
  }
};

// How far a socket came.
enum class Stage : uint32_t {
  kIdle = 0,       // Made, maybe bound.
  kListening = 1,
  kConnected = 2,
  kWaiting = 3,    // Connected to a listener that has not accepted it yet.
};

struct SocketState {
  std::string key;  // Its own.
  int32_t type = SOCK_STREAM;
  Stage stage = Stage::kIdle;
  Name name;
  Creator creator;  // What SO_PEERCRED shows here.
  uint32_t shutdown = 0;  // As UnixSocketInfo::shutdown.

  // Listening.
  int32_t backlog = 0;
  std::vector<std::string> waiting;  // Keys of who is to be accepted, the oldest first.

  Creator connector;  // Of a waiting one: what the side to be accepted is to show.

  // Connected.
  std::string peer;      // Key of the other side; of a waiting one, of the listener.  "" if nobody has it.
  Name peer_name;        // Of the other side, also when it is gone.
  bool accepted = false; // By accept(2), not by socketpair(2) or connect(2).
  bool was_reset = false;  // The other side was closed with unread data: an error is to be told.
  std::string listener;    // Key of the listener that accepted it, or its peer; "" if there is none.
  // Datagrams: keys of others that are connected to it without being its peer.
  std::vector<std::string> followers;
  uint32_t external = 0;   // ExternalPolicy, for a peer that is not in the image.

  Queue queue;  // What can be read here.
  SocketOptions options;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("key", self.key, Range<size_t>{1, 64});
    visit("type", self.type, Range<int32_t>{SOCK_STREAM, SOCK_SEQPACKET});
    visit("stage", self.stage);
    visit("name", self.name);
    visit("creator", self.creator);
    visit("shutdown", self.shutdown, Range<uint32_t>{0, 3});
    visit("backlog", self.backlog);
    visit("waiting", self.waiting, Range<size_t>{0, 1 << 20});
    visit("connector", self.connector);
    visit("peer", self.peer, Range<size_t>{0, 64});
    visit("peer_name", self.peer_name);
    visit("accepted", self.accepted);
    visit("was_reset", self.was_reset);
    visit("listener", self.listener, Range<size_t>{0, 64});
    visit("followers", self.followers, Range<size_t>{0, 1 << 20});
    visit("external", self.external, Range<uint32_t>{0, 2});
    visit("queue", self.queue);
    visit("options", self.options);
  }
};

// The description of a socket: one for each, always.
struct SocketFileState {
  OpenFileState open;
  std::string object;  // Key of the SocketState.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 64});
  }
};

// "unix:<inode>"
std::string SocketKey(uint64_t inode);
// The inode of such a key; 0 for any other string.
uint32_t InodeOfKey(const std::string& key);

// Under which a side that stays nobody's is set aside until the queues are full.
std::string StandInKey(const std::string& key);

// Of the image's socket `key`.  Errors: kBadImage, for what contradicts itself as well.
// Files the user has moved (--set-file) have their new names.
Result<SocketState> DecodeSocket(const std::string& key, CreateContext& context);
Result<SocketState> DecodeSocket(const Value& value, CreateContext& context);

// For messages: the path, or an abstract name with '@' and what is not printable replaced.
std::string NameText(const Name& name);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_SOCKET_STATE_H_
