#include "plugins/process_relations/process_relations_kind.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::process_relations {
namespace {

struct Sharing {
  int type;
  const char* what;
};
constexpr Sharing kAmongThreads[] = {{KCMP_FILES, "a descriptor table"},
                                     {KCMP_FS, "a working directory"}};

// Of a main thread that has exited nothing is left that could be shared.
Result<bool> HasExited(pid_t pid, pid_t tid) {
  ASSIGN_OR_RETURN(const std::string status,
                   ReadFile(StrCat("/proc/", pid, "/task/", tid, "/status")));
  ASSIGN_OR_RETURN(const std::string_view state, StatusField(status, "State"));
  return state.starts_with('Z');
}

Result<std::vector<pid_t>> ReadThreads(pid_t pid) {
  const std::string path = StrCat("/proc/", pid, "/task");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr) return Error::Errno("opening ", path);
  std::vector<pid_t> threads;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] != '.') threads.push_back(static_cast<pid_t>(std::atoi(entry->d_name)));
  }
  return threads;
}

// Zero when shared; -1 (EPERM) when the other may not be looked at.
long Compare(pid_t a, pid_t b, int type) { return syscall(SYS_kcmp, a, b, type, 0, 0); }

}  // namespace

Status ProcessRelationsKind::Check(const TaskFacts& task) const {
  const Result<uint64_t> count = StatusNumber(task.status, "Threads", 10);
  if (count.has_value() && count.value() == 1) return Ok();
  ASSIGN_OR_RETURN(const std::vector<pid_t> threads, ReadThreads(task.pid));
  for (pid_t tid : threads) {
    if (tid == task.pid) continue;
    for (const Sharing& sharing : kAmongThreads) {
      const long order = Compare(task.pid, tid, sharing.type);
      if (order == 0) continue;
      const int error = errno;
      ASSIGN_OR_RETURN(const bool exited, HasExited(task.pid, tid));
      if (exited) break;
      errno = error;
      if (order < 0) return Error::Errno("comparing threads ", task.pid, " and ", tid);
      return Error(ErrorCode::kUnsupported, StrCat("its thread ", tid, " has ", sharing.what,
                                                     " of its own, which cannot be saved"));
    }
  }
  return Ok();
}

Result<Value> ProcessRelationsKind::Collect(const TaskFacts&, const Outcome&, size_t,
                                            CollectContext&) const {
  return Value(Value::Object{});
}

Status ProcessRelationsKind::Restore(const Value&, const RestoreFacts&, TaskPlan&) const {
  return Ok();
}

}  // namespace tardigrade::process_relations
