#ifndef PLUGINS_INET_SOCKET_INET_FILE_H_
#define PLUGINS_INET_SOCKET_INET_FILE_H_

#include <string>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

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

// Who made a socket: the owner of its inode, by which routes and firewalls may choose.
struct Owner {
  uint32_t uid = 0;
  uint32_t gid = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("uid", self.uid);
    visit("gid", self.gid);
  }
};

// Whether it is a socket of AF_INET or AF_INET6 with this type and protocol.
bool IsInetSocket(const FdFacts& file, int type, int protocol);

int SocketNumber(int local_fd, int option);  // Of SOL_SOCKET; -1 if it cannot be asked.

// Which of `all` is the socket with this inode; nullptr if none is.
const FdFacts* FindSocket(std::span<const FdFacts> all, uint64_t inode);

// Refuses (kUnsupported) a socket of another network namespace than the caller's.
Status CheckNetworkNamespace(const FdFacts& file);

// Whether an error waits to be read, which only reading shows and takes off.
bool HasPendingError(int local_fd);

// poll(2) without waiting: those of `events` that are there, and POLLERR, POLLHUP.
short PollNow(int local_fd, short events);

// A new one, close-on-exec and non-blocking.
Result<ScopedFd> NewSocket(int family, int type);

// Gives it back to whom it belonged to; the user is warned if that is denied.
void SetOwner(int local_fd, const Owner& owner, CreateContext& context);

// The object `key` as a descriptor of its own.
Result<ScopedFd> DuplicateObject(const std::string& key, CreateContext& context);

// Of the failed bind(2) or connect(2) of errno: says what is in the way, and the way out.
Error BindError(int error, const std::string& address);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_INET_FILE_H_
