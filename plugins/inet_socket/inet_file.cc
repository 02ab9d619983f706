#include "plugins/inet_socket/inet_file.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace tardigrade::inet_socket {
namespace {

constexpr int kNetnsCookie = 71;  // SO_NETNS_COOKIE, since 5.14.

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

bool IsInetSocket(const FdFacts& file, int type, int protocol) {
  if (!S_ISSOCK(file.stat.st_mode) || !file.link.starts_with("socket:[")) return false;
  const int domain = SocketNumber(file.local_fd, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) &&
         SocketNumber(file.local_fd, SO_TYPE) == type &&
         SocketNumber(file.local_fd, SO_PROTOCOL) == protocol;
}

const FdFacts* FindSocket(std::span<const FdFacts> all, uint64_t inode) {
  const auto found = std::find_if(all.begin(), all.end(), [inode](const FdFacts& other) {
    return other.stat.st_ino == inode && other.link.starts_with("socket:[");
  });
  return inode == 0 || found == all.end() ? nullptr : &*found;
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

Result<ScopedFd> NewSocket(int family, int type) {
  ScopedFd fd(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return Error::Errno("making a network socket");
  return fd;
}

void SetOwner(int local_fd, const Owner& owner, CreateContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0 || (st.st_uid == owner.uid && st.st_gid == owner.gid)) return;
  if (fchown(local_fd, owner.uid, owner.gid) != 0)
    context.Warn(StrCat("a network socket belongs to user ", st.st_uid,
                        " now; it belonged to user ", owner.uid));
}

Result<ScopedFd> DuplicateObject(const std::string& key, CreateContext& context) {
  ASSIGN_OR_RETURN(const int object, context.Object(key));
  ScopedFd fd(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return Error::Errno("duplicating a socket");
  return fd;
}

Error BindError(int error, const std::string& address) {
  switch (error) {
    case EADDRINUSE:
      return Error::Syscall(
          ErrorCode::kUnsupported, error,
          StrCat("the address ", address,
                 " is in use: by the job the image was made of, by another "
                 "program, or for a minute by connections that were closed before the snapshot; "
                 "restore when it is free, or in a network namespace (unshare --net)"));
    case EADDRNOTAVAIL:
      return Error::Syscall(ErrorCode::kUnsupported, error,
                            StrCat("this machine does not have the address ", address,
                                   "; give it that (ip address add)"));
    case EACCES:
      return Error::Syscall(
          ErrorCode::kDenied, error,
          StrCat("binding a socket to ", address,
                 " takes CAP_NET_BIND_SERVICE (or a lower net.ipv4.ip_unprivileged_port_start)"));
    default:
      return Error::Syscall(ErrorCode::kSystem, error, StrCat("binding a socket to ", address));
  }
}

}  // namespace tardigrade::inet_socket
