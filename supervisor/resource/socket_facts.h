#ifndef SUPERVISOR_RESOURCE_SOCKET_FACTS_H_
#define SUPERVISOR_RESOURCE_SOCKET_FACTS_H_

#include <cstdint>

#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade {

// Who made a socket: the owner of its inode, by which routes and firewalls may choose.
struct SocketOwner {
  uint32_t uid = 0;
  uint32_t gid = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("uid", self.uid);
    visit("gid", self.gid);
  }
};

int SocketNumber(int local_fd, int option);  // Of SOL_SOCKET; -1 if it cannot be asked.

// Refuses (kUnsupported) a socket of another network namespace than the caller's.
Status CheckNetworkNamespace(const FdFacts& file);

// Whether an error waits to be read, which only reading shows and takes off.
bool HasPendingError(int local_fd);

// poll(2) without waiting: those of `events` that are there, and POLLERR, POLLHUP.
short PollNow(int local_fd, short events);

// Memory of what waits to be read, in bytes (SO_MEMINFO); 0 if the kernel does not tell.
uint32_t UnreadMemory(int local_fd);

// Lets nothing in from now on (a filter that takes no packet), and throws away what came before.
Status ShutOut(int local_fd);

// Takes that filter off again.
Status LetIn(int local_fd);

// Gives it back to whom it belonged to; the user is warned if that is denied.
void SetOwner(int local_fd, const SocketOwner& owner, CreateContext& context);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SOCKET_FACTS_H_
