#include "plugins/inet_socket/inet_file.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace tardigrade::inet_socket {

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

Result<ScopedFd> NewSocket(int family, int type, int protocol) {
  ScopedFd fd(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.valid()) return Error::Errno("making a network socket");
  return fd;
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
