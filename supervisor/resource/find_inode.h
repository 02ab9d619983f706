#ifndef SUPERVISOR_RESOURCE_FIND_INODE_H_
#define SUPERVISOR_RESOURCE_FIND_INODE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade {

// An inode as fdinfo shows it, of what inotify and fanotify watch: by number, not by name.
struct InodeRef {
  uint64_t inode = 0;
  uint64_t device = 0;  // As stat(2) has it.
  int handle_type = 0;
  std::vector<uint8_t> handle;  // For open_by_handle_at(2); empty if the file system has none.
};

// The kernel's own dev_t, as fdinfo shows it, the way stat(2) does: include/linux/kdev_t.h.
uint64_t DeviceFromKernel(uint32_t device);

// Reads "fhandle-bytes:8 fhandle-type:1 f_handle:1ac5030000000000" at the end of `text`, if it is
// there. fs/notify/fdinfo.c, show_mark_fhandle().  Errors: kInternal for what it cannot read.
Status ParseHandle(const std::string& text, InodeRef& inode);

// A mount point of the file system on `device`, as process `pid` sees it; "" if it has none.
std::string FindMountPoint(uint64_t device, pid_t pid);

// The path of an inode, "" if it is not found.  open_by_handle_at(2) finds it for root
// (CAP_DAC_READ_SEARCH); else it is looked for where the process of `file` is: its working
// directory, its open files
// (`all`), the directories above them, and what these hold.
std::string FindInode(const InodeRef& inode, const FdFacts& file, std::span<const FdFacts> all);

// One of `all` that is this inode, a file or directory without a name: the kind of that descriptor
// saves it as an object with the key InodeKey().  Else null.
const FdFacts* FindNameless(const InodeRef& inode, std::span<const FdFacts> all);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_FIND_INODE_H_
