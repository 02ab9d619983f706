#ifndef SUPERVISOR_KERNEL_UNIX_DIAG_H_
#define SUPERVISOR_KERNEL_UNIX_DIAG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// States of a UNIX socket: the kernel borrows those of TCP (include/net/tcp_states.h).
inline constexpr uint8_t kUnixEstablished = 1;
inline constexpr uint8_t kUnixClosed = 7;
inline constexpr uint8_t kUnixListening = 10;

// What the kernel tells of one UNIX socket: sock_diag(7), net/unix/diag.c.
struct UnixSocketInfo {
  uint32_t inode = 0;
  uint8_t type = 0;   // SOCK_*
  uint8_t state = 0;  // kUnix*
  std::string name;   // sun_path: a path without its NUL, or an abstract name with its leading one.
  // The file of a path, wherever it is now; of an accepted socket, its listener's.
  struct File {
    uint32_t inode = 0;
    uint32_t device = 0;  // The kernel's own dev_t: include/linux/kdev_t.h.
    bool operator==(const File&) const = default;
  };
  std::optional<File> file;
  // The socket it is connected to.  0: one that nobody holds, because it was closed or, as long as
  // `shutdown` is not complete, because it waits to be accepted.
  std::optional<uint32_t> peer;
  // Of a listener: who waits to be accepted, the oldest first; 0 for who has closed since.
  std::vector<uint32_t> waiting;
  // Bytes to be read, in a datagram socket those of the first message; of a listener, how many wait.
  uint32_t receive_queue = 0;
  // Memory of what was sent and not yet read; of a listener, its backlog.
  uint32_t send_queue = 0;
  uint8_t shutdown = 0;  // 1: for reading, 2: for writing, 3: both.

  bool operator==(const UnixSocketInfo&) const = default;
};

// Appends the sockets of one netlink datagram to `sockets`; true after the last one.  Errors:
// kSystem with the kernel's errno, kInternal for a malformed datagram.
Result<bool> ParseUnixDiag(std::span<const std::byte> datagram,
                           std::vector<UnixSocketInfo>& sockets);

// Asks about the UNIX sockets of the caller's network namespace; takes no privilege.
class UnixDiag {
 public:
  // Errors: kUnsupported without CONFIG_UNIX_DIAG.
  static Result<UnixDiag> Open();

  // nullopt if no process holds such a socket in this network namespace.
  Result<std::optional<UnixSocketInfo>> Find(uint32_t inode);

  // All in one of `states` (bit mask), as far as a process holds them.
  Result<std::vector<UnixSocketInfo>> List(uint32_t states = ~0u);

 private:
  explicit UnixDiag(ScopedFd netlink) : netlink_(std::move(netlink)) {}
  Result<std::vector<UnixSocketInfo>> Ask(uint32_t inode, uint32_t states);
  ScopedFd netlink_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_UNIX_DIAG_H_
