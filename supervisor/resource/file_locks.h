#ifndef SUPERVISOR_RESOURCE_FILE_LOCKS_H_
#define SUPERVISOR_RESOURCE_FILE_LOCKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// Who a lock belongs to.
enum class LockKind : int32_t {
  kPosix = 0,        // The process: fcntl(2), F_SETLK.
  kFlock = 1,        // The description: flock(2).
  kDescription = 2,  // The description: F_OFD_SETLK.
};

struct FileLock {
  LockKind kind = LockKind::kPosix;
  bool exclusive = false;
  int64_t start = 0;   // Bytes.
  int64_t length = 0;  // Bytes; 0: to the end, wherever that will be.
  // Of several processes that share a descriptor table, and with it the lock, the one that took it
  // (l_pid), as the job sees it; 0: the first, or nobody else.
  int32_t pid = 0;

  bool operator==(const FileLock&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind);
    visit("exclusive", self.exclusive);
    visit("start", self.start, Range<int64_t>{0, INT64_MAX});
    visit("length", self.length, Range<int64_t>{0, INT64_MAX});
    visit("pid", self.pid, Range<int32_t>{0, 1 << 22});
  }
};

// What a description has of a lease: fcntl(2), F_SETLEASE.
enum class Lease : int32_t {
  kNone = 0,
  kRead = 1,
  kWrite = 2,
};

// The "lock:" lines of fdinfo: locks that were taken through this description.  fs/locks.c,
// lock_get_status(); `pid` as seen here.  Leases are left out.  Errors: kUnsupported for delegations and
// layouts.
Result<std::vector<FileLock>> ParseLocks(const FdInfo& info);

// The lease among them.  Errors: kUnsupported for one that somebody waits for to be given up.
Result<Lease> ParseLease(const FdInfo& info);

// Those of the description alone.
Result<std::vector<FileLock>> ParseDescriptionLocks(const FdInfo& info);

// Has the task take the lease, and after that the owner that it had: taking it makes the task the
// owner if there is none (fs/locks.c, lease_setup()).  Errors: kBadImage.
Status PlanLease(Lease lease, bool has_owner, const std::string& path, int fd, SyscallPlan& plan);

// Those of the process, for FdKind::CollectOfProcess(): fdinfo shows every process its own.
Result<Value> CollectProcessLocks(const FdFacts& file);

// Takes those of the description.  Errors: kSystem with EAGAIN if somebody else holds one.
Status TakeDescriptionLocks(const std::vector<FileLock>& locks, const std::string& path,
                            int local_fd);

// Has the task take those of the process, as CollectProcessLocks() found them, that are `sharer`'s
// (FileLock::pid).  Errors: kBadImage.
Status PlanProcessLocks(const Value& of_process, const std::string& path, int fd, int32_t sharer,
                        SyscallPlan& plan);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_FILE_LOCKS_H_
