#ifndef PLUGINS_UNIX_SOCKET_PEEK_QUEUE_H_
#define PLUGINS_UNIX_SOCKET_PEEK_QUEUE_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::unix_socket {

struct PeekedMessage {
  uint64_t size = 0;  // Bytes.
  std::string from;   // sun_path of the sender.
  std::optional<ucred> credentials;
  std::vector<ScopedFd> files;
};

struct PeekedQueue {
  std::vector<std::byte> bytes;
  std::vector<PeekedMessage> messages;
};

// What is known of a queue before it is looked into.
struct QueueFacts {
  int type = SOCK_STREAM;
  uint32_t unread = 0;       // UnixSocketInfo::receive_queue.
  bool has_files = true;     // Descriptors may be in flight in it.
  bool credentials = false;  // SO_PASSCRED: bytes of different senders stay apart.
  bool ended = false;        // Packets: shut down for reading.
};

// What can be read from the socket, without taking it out.  Nobody may read from it meanwhile.
// Where one look does not do, SO_PEEK_OFF moves through the queue; it is set back when this returns
// and, by a helper process, when the caller dies.  Errors: kUnsupported for an out-of-band byte.
Result<PeekedQueue> PeekQueue(int local_fd, const QueueFacts& facts);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_PEEK_QUEUE_H_
