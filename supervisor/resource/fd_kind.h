#ifndef SUPERVISOR_RESOURCE_FD_KIND_H_
#define SUPERVISOR_RESOURCE_FD_KIND_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/value.h"
#include "supervisor/kernel/fdinfo.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/job_pids.h"
#include "supervisor/resource/suspension.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// What to do with a connection to a process that is not saved: --external.
enum class ExternalPolicy : uint32_t {
  kRefuse = 0,
  kClose = 1,      // After the restore the other side has hung up.
  kReconnect = 2,  // The restore connects to the same address again.
  kKeep = 3,       // It goes on, and the other side notices a pause at most.
};

// What is known of a descriptor before its kind is.
struct FdFacts {
  pid_t pid = -1;        // The tracee, as seen by the supervisor; as in TaskFacts.
  pid_t inner_pid = -1;  // The tracee, as it sees itself.
  int fd = -1;           // Its number in the tracee.
  std::string link;      // readlink of /proc/<pid>/fd/<fd>.
  FdInfo info;           // /proc/<pid>/fdinfo/<fd>.
  struct stat stat = {};  // fstat(2) of it.
  // The same open file description in the supervisor (pidfd_getfd(2)): what is done to its
  // offset, flags or queue is done to the tracee's.  Look, do not touch.  Owned by the engine.
  int local_fd = -1;
  // Everything that is saved along with it; null: this process alone.  Owned by the engine.
  const JobPids* job = nullptr;
  ExternalPolicy external = ExternalPolicy::kRefuse;
  bool save_files = false;  // As CollectContext::save_files().
  bool frozen = false;  // Everything that is saved is in ptrace-stop; else a first look at what runs.
  // What the kind's HeldFiles() found beside files, for its Collect(): some things show once only.
  std::shared_ptr<const void> contents;
  // What the kind's Suspend() made; null: nothing.  Owned by the engine.
  const Suspension* suspension = nullptr;
};

// One kind of open file description: how to recognise it, read it and make it again.
//
// A kind is stateless and const.  Which numbers refer to which description, close-on-exec and
// sharing are the engine's business: a kind sees every description once.
class FdKind {
 public:
  virtual ~FdKind() = default;

  // Names the kind in images and messages.  Never changes once released.
  virtual std::string_view name() const = 0;

  // Exactly one kind may claim a descriptor; the engine rejects none and two.
  virtual bool Claims(const FdFacts& file) const = 0;

  // The same for kinds that depend on what else there is; `all` as for Check().
  virtual bool ClaimsAmong(const FdFacts& file, std::span<const FdFacts> all) const {
    (void)all;
    return Claims(file);
  }

  // Whether other descriptions may be in flight in a queue of this one (SCM_RIGHTS), and which these
  // are, once the processes are frozen.
  virtual bool MayHoldFiles(const FdFacts& file) const {
    (void)file;
    return false;
  }
  struct Held {
    std::vector<ScopedFd> files;
    std::shared_ptr<const void> contents;  // Becomes FdFacts::contents.
  };
  virtual Result<Held> HeldFiles(const FdFacts& file) const {
    (void)file;
    return Held();
  }

  // Refuses (kUnsupported, with the way out) what this kind cannot save.  Called before
  // anything is injected.  `all` are all descriptors of all processes that are saved, `file` among
  // them, and what is in flight between them, with fd -1: numbers mean something together with a pid
  // only.
  virtual Status Check(const FdFacts& file, std::span<const FdFacts> all) const {
    (void)file, (void)all;
    return Ok();
  }

  // Whether Create() can do its work only when all processes of the job exist.  Such files are made
  // after the others, in the order of the image, and cannot be in flight between processes.
  virtual bool NeedsTasks() const { return false; }

  // Before Collect(), of all files of this kind at once, when the processes are frozen: keeps the world outside
  // from noticing.  If the job is to be killed, what lasts until the restore does so for `hold_s` seconds.
  // Null: there is nothing to be done.
  virtual Result<std::unique_ptr<Suspension>> Suspend(std::span<const FdFacts* const> files,
                                                      std::span<const FdFacts> all, uint32_t hold_s) const {
    (void)files, (void)all, (void)hold_s;
    return std::unique_ptr<Suspension>();
  }

  virtual Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext& context) const = 0;

  // What belongs to the process that holds the description, not to the description: POSIX locks.  Asked
  // in every process that has it, for its lowest number there.  Null: nothing.
  virtual Result<Value> CollectOfProcess(const FdFacts& file) const {
    if (file.info.FindAll("lock").empty()) return Value();
    return Error(ErrorCode::kUnsupported,
                 StrCat("fd ", file.fd, ", ", file.link, ", is locked, which cannot be saved; unlock it first"));
  }

  // Whether the kernel keeps something of it for a while that would be in the way of a restore when the
  // job is killed, and what is to be done about that then: the image is whole, and the kill is next.
  virtual bool OutlivesKill(const FdFacts& file, std::span<const FdFacts> all) const {
    (void)file, (void)all;
    return false;
  }
  virtual void PrepareForKill(int local_fd) const { (void)local_fd; }

  // Whether what it makes is found by a name that belongs to an IPC namespace.
  virtual bool is_in_ipc_namespace() const { return false; }

  // Makes the open file description, with its status flags and offset.  Hosted, no tracee needed.
  // `state` comes from an image and is not to be trusted.
  virtual Result<ScopedFd> Create(const Value& state, CreateContext& context) const = 0;

  // Puts into a queue what was in it, which may be other files of the job: all of them exist.
  // `local_fd` is what Create() made.
  virtual Status Fill(const Value& state, int local_fd, CreateContext& context) const {
    (void)state, (void)local_fd, (void)context;
    return Ok();
  }

  // What has to wait until all queues are full: shutting down, settings that would hinder Fill().
  virtual Status Settle(const Value& state, int local_fd, CreateContext& context) const {
    (void)state, (void)local_fd, (void)context;
    return Ok();
  }

  // Adds what the task does before any kind's PlanInTask(), because it may close numbers for a while,
  // and with a number go all POSIX locks the process has on the file (fs/locks.c,
  // locks_remove_posix()).  `fd` as there; all descriptors are at their numbers before and after.
  virtual Status PlanBeforeLocks(const Value& state, int fd, SyscallPlan& plan) const {
    (void)state, (void)fd, (void)plan;
    return Ok();
  }

  // Adds what only the task itself can do once all its descriptors are at their numbers: epoll
  // interest lists, F_SETOWN.  `fd` is the lowest number of the description there.  Of
  // several processes that hold the description, the first one's task does it.
  virtual Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const {
    (void)state, (void)fd, (void)plan;
    return Ok();
  }

  // After that, in every process for which there is something: adds what makes it, `of_process`, again.
  // Processes that share a descriptor table have it in common: the first does what is not of a certain
  // other (`sharer` 0), the others what is theirs alone (`sharer`: their pid).
  virtual Status PlanOfProcess(const Value& state, const Value& of_process, int fd, int32_t sharer, SyscallPlan& plan) const {
    (void)state, (void)fd, (void)sharer, (void)plan;
    if (of_process.IsNull()) return Ok();
    return Error(ErrorCode::kBadImage, StrCat("a ", name(), " has nothing of a process alone"));
  }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_FD_KIND_H_
