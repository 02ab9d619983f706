#ifndef SUPERVISOR_RESOURCE_JOB_KIND_H_
#define SUPERVISOR_RESOURCE_JOB_KIND_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "supervisor/image/value.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/job_pids.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// A process of the job at snapshot time that has not ended.
struct JobMember {
  pid_t pid = -1;  // Whom to ask: as TaskFacts::pid.
  pid_t inner_pid = -1;
  std::span<const pid_t> threads;  // As seen here.
  std::span<const MemoryMapping> mappings;
};

// A system call that a thread sleeps in.
struct SleepingCall {
  int64_t number = -1;
  uint64_t first_argument = 0;
};

// What is saved together.
struct JobFacts {
  std::vector<JobMember> members;  // Root first.
  const JobPids* pids = nullptr;
  bool frozen = false;  // Else a first look at running processes.
  // Of all threads, once a kind has asked for them (IdsOfCalls()); shared by copies of these facts.
  std::shared_ptr<std::optional<std::vector<SleepingCall>>> calls =
      std::make_shared<std::optional<std::vector<SleepingCall>>>();
};

// Runs a plan in the first thread of one member, frozen as it is, as TaskKind::AddQueries() would.
using AskMember = std::function<Result<Outcome>(size_t member, const SyscallPlan& plan)>;

// The task that is to be a process of the job, at restore.
struct JobTask {
  pid_t inner_pid = -1;
  bool is_root = false;
};

// What the restore of a kind made and has to take away again if the restore fails.
class MadeObjects {
 public:
  virtual ~MadeObjects() = default;
  virtual void Note(int32_t id) = 0;
};

// When tasks do what only they can, each step after all tasks did the one before.
enum class JobStep { kFirst, kSecond };

// Kernel state of no process in particular: objects that have a name or a number of their own, and go
// on when nobody has them open.
class JobKind {
 public:
  virtual ~JobKind() = default;

  // Names the kind in images and messages.  Never changes once released.
  virtual std::string_view name() const = 0;

  // Refuses (kUnsupported, with the way out) what this kind cannot save.  Once while the job runs,
  // once when it is frozen.
  virtual Status Check(const JobFacts& job) const = 0;

  // nullopt: the job has none of it.
  virtual Result<std::optional<Value>> Collect(const JobFacts& job, const AskMember& ask,
                                               CollectContext& context) const = 0;

  // Makes what was saved, in the root's task, before there are files or other tasks.  `state` comes
  // from an image and is not to be trusted.
  virtual Status Make(const Value& state, CreateContext& context, MadeObjects& made) const = 0;

  // What `task` has to do by itself, in hosted code; all tasks exist, and have what they inherit.
  virtual Status DoInTask(const Value& state, const JobTask& task, JobStep step,
                          CreateContext& context) const {
    (void)state, (void)task, (void)step, (void)context;
    return Ok();
  }

  // Takes away what Make() noted: the restore has failed, and the tasks are gone.
  virtual void Remove(int32_t id) const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_JOB_KIND_H_
