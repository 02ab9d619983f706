#ifndef PLUGINS_IO_URING_RING_KEY_H_
#define PLUGINS_IO_URING_RING_KEY_H_

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::io_uring {

// An instance that a process has a descriptor of.
struct OpenRing {
  int fd = -1;  // The lowest.
  uint64_t inode = 0;
};

// All instances of process `pid`, each once.
Result<std::vector<OpenRing>> ListRings(pid_t pid);

// The same among what is known to be open.
std::vector<OpenRing> ListRings(std::span<const FdFacts> descriptors);

// The key of the instance's object.  Each has an inode of its own: anon_inode_create_getfile(),
// since Linux 5.19.
std::string RingKey(uint64_t inode);

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_RING_KEY_H_
