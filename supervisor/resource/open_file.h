#ifndef SUPERVISOR_RESOURCE_OPEN_FILE_H_
#define SUPERVISOR_RESOURCE_OPEN_FILE_H_

#include <fcntl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/fd_owner.h"

namespace tardigrade {

// O_LARGEFILE as the kernel has it; the C library's is 0 where every file is large.
inline constexpr uint64_t kLargeFile = 0100000;

// What every open file description has, whatever it is of.
struct OpenFileState {
  uint64_t flags = 0;  // open(2) flags as fdinfo shows them, without O_CLOEXEC.
  std::optional<FdOwner> owner;

  bool may_read() const { return (flags & O_ACCMODE) != O_WRONLY; }
  bool may_write() const { return (flags & O_ACCMODE) != O_RDONLY; }
  bool operator==(const OpenFileState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("flags", self.flags, Range<uint64_t>{0, 0x3fffffff});
    visit("owner", self.owner);
  }
};

// Errors: as ReadFdOwner().  A kind's Check() calls it as well, to refuse in time.
Result<OpenFileState> ReadOpenFile(const FdFacts& file);

// `path`, or where it leads if `flags` have O_NOFOLLOW: the kernel's name of an open file has no link
// at its end, but what stands there now, or what the user names in its place, may be one.
std::string WithoutLinks(const std::string& path, uint64_t flags);

// Gives `local_fd` the flags F_SETFL can set (O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME).  O_ASYNC
// waits for PlanFdOwner().
Status SetStatusFlags(int local_fd, uint64_t flags);

// A new description of the file behind `local_fd`, by way of /proc/self/fd.
Result<ScopedFd> Reopen(int local_fd, uint64_t flags);

// A further description of an object, with the state's access mode and flags.
Result<ScopedFd> ReopenAs(int local_fd, const OpenFileState& state);

// lseek(2) to `offset` bytes.
Status SetOffset(int local_fd, uint64_t offset);

// The offset fdinfo shows.
Result<uint64_t> OffsetOf(const FdFacts& file);

// "inode:<dev>:<ino>": the key of an object that is found by its inode.
std::string InodeKey(const struct stat& stat);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_OPEN_FILE_H_
