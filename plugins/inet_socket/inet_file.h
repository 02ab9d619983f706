#ifndef PLUGINS_INET_SOCKET_INET_FILE_H_
#define PLUGINS_INET_SOCKET_INET_FILE_H_

#include <string>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/socket_facts.h"

namespace tardigrade::inet_socket {

// The description of a socket: one for each, always.
struct InetFileState {
  OpenFileState open;
  std::string object;  // Key of the socket's own state.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 64});
  }
};

// Whether it is a socket of AF_INET or AF_INET6 with this type and protocol.
bool IsInetSocket(const FdFacts& file, int type, int protocol);

// Which of `all` is the socket with this inode; nullptr if none is.
const FdFacts* FindSocket(std::span<const FdFacts> all, uint64_t inode);

// A new one, close-on-exec and non-blocking.
Result<ScopedFd> NewSocket(int family, int type, int protocol = 0);

// The object `key` as a descriptor of its own.
Result<ScopedFd> DuplicateObject(const std::string& key, CreateContext& context);

// Of the failed bind(2) or connect(2) of errno: says what is in the way, and the way out.
Error BindError(int error, const std::string& address);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_INET_FILE_H_
