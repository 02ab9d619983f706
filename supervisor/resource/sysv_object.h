#ifndef SUPERVISOR_RESOURCE_SYSV_OBJECT_H_
#define SUPERVISOR_RESOURCE_SYSV_OBJECT_H_

#include <sys/ipc.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/image/fields.h"
#include "supervisor/kernel/sysv_ipc.h"
#include "supervisor/resource/job_kind.h"

namespace tardigrade {

// What System V shared memory, semaphore sets and message queues have in common.
struct SysvIdentity {
  int32_t id = -1;
  int32_t key = 0;
  uint32_t uid = 0, gid = 0;    // Owner,
  uint32_t cuid = 0, cgid = 0;  // and creator.
  uint32_t mode = 0;            // Permission bits.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("id", self.id, Range<int32_t>{0, INT32_MAX});
    visit("key", self.key);
    visit("uid", self.uid);
    visit("gid", self.gid);
    visit("cuid", self.cuid);
    visit("cgid", self.cgid);
    visit("mode", self.mode, Range<uint32_t>{0, 0777});
  }
};

// `row` of a table whose ids are in the column `id_column`.
SysvIdentity IdentityOf(const SysvIpcRow& row, std::string_view id_column);

// "semaphore set 7 (key 0x2a)".
std::string DescribeSysv(const char* what, const SysvIdentity& identity);

// The objects of the job's IPC namespace, and who of the job has to do with them.
class SysvNamespace {
 public:
  // `which`: "shm", "sem" or "msg".
  static Result<SysvNamespace> Look(const JobFacts& job, const std::string& which);

  const std::vector<SysvIpcRow>& rows() const { return rows_; }
  // Whether the namespace is the job's own, and so is all that is in it.
  bool is_jobs_own() const { return is_jobs_own_; }

  // Calls `run` in that namespace.
  Status Run(const std::function<void()>& run) const;

 private:
  const JobFacts* job_ = nullptr;
  std::vector<SysvIpcRow> rows_;
  bool is_jobs_own_ = false;
};

// Who `pid` was at `when` (seconds since 1970, 0 for never): as the job sees it; 0 for a process that is
// not in it.  Objects outlive their users, and pids are used again: a process that began later is
// another one.
int32_t InnerPid(const JobFacts& job, int64_t pid, int64_t when);

// Whether `pid` is of a process that runs, did so at `when`, and is not saved.
bool IsOutsider(const JobFacts& job, int64_t pid, int64_t when);

// Whether the process was there already when an object was last used, in seconds since 1970.
bool WasThere(pid_t pid, int64_t when);

// The first arguments of the calls among `numbers` that threads of the job are in: ids, of those that
// wait in semop(2) or msgrcv(2).
std::set<int32_t> IdsOfCalls(const JobFacts& job, std::initializer_list<long> numbers);

// How one of the three is made again.
struct SysvMaking {
  const char* what;     // For people.
  const char* next_id;  // "/proc/sys/kernel/shm_next_id"
  // As shmget(2) with this key and flags.
  std::function<int(key_t key, int flags)> get;
  // Takes it away.
  std::function<void(int id)> remove;
  // The one of this id, if there is any: what it is like.
  std::function<std::optional<ipc_perm>(int id)> find;
  // Refuses an object that is not like the saved one, or is in use.
  std::function<Status(int id)> check_unused;
  // IPC_SET of owner, group and mode.
  std::function<Status(int id)> set;
};

// Makes an object with the identity's id, key, owners and mode.  One that is there already is made anew
// if it is the job's own, which it left.  Errors: kDenied without the right to choose ids; kUnsupported
// if the id or the key is somebody else's.
Status MakeSysvObject(const SysvIdentity& identity, const SysvMaking& making, MadeObjects& made);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SYSV_OBJECT_H_
