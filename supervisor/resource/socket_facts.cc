#include "supervisor/resource/socket_facts.h"

#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace tardigrade {
namespace {

constexpr int kNetnsCookie = 71;  // SO_NETNS_COOKIE, since 5.14.
constexpr int kMeminfo = 55;      // SO_MEMINFO

uint64_t NetnsCookie(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof(cookie);
  return getsockopt(fd, SOL_SOCKET, kNetnsCookie, &cookie, &size) == 0 ? cookie : 0;
}

}  // namespace

int SocketNumber(int local_fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(local_fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

Status CheckNetworkNamespace(const FdFacts& file) {
  const ScopedFd own(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!own.valid()) return Error::Errno("making a socket to compare with");
  if (NetnsCookie(own.get()) == NetnsCookie(file.local_fd)) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the socket fd ", file.fd,
                      " is in another network namespace, which cannot be saved yet; "
                      "run the supervisor inside it, if all sockets are"));
}

short PollNow(int local_fd, short events) {
  pollfd poller{.fd = local_fd, .events = events, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 ? poller.revents : short{0};
}

bool HasPendingError(int local_fd) { return (PollNow(local_fd, 0) & POLLERR) != 0; }

uint32_t UnreadMemory(int local_fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> memory = {};
  socklen_t size = sizeof(memory);
  if (getsockopt(local_fd, SOL_SOCKET, kMeminfo, memory.data(), &size) != 0) return 0;
  return memory[SK_MEMINFO_RMEM_ALLOC];
}

Status ShutOut(int local_fd) {
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &nothing};
  if (setsockopt(local_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return Error::Errno("attaching a filter to a socket");
  char byte;
  while (recv(local_fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0) {
    // What came before the filter was there.
  }
  return Ok();
}

Status LetIn(int local_fd) {
  int unused = 0;
  if (setsockopt(local_fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) != 0)
    return Error::Errno("detaching a filter from a socket");
  return Ok();
}

void SetOwner(int local_fd, const SocketOwner& owner, CreateContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0 || (st.st_uid == owner.uid && st.st_gid == owner.gid)) return;
  if (fchown(local_fd, owner.uid, owner.gid) != 0)
    context.Warn(StrCat("a network socket belongs to user ", st.st_uid,
                        " now; it belonged to user ", owner.uid));
}

}  // namespace tardigrade
