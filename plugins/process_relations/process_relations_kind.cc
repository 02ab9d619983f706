#include "plugins/process_relations/process_relations_kind.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

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
constexpr Sharing kWithParent[] = {{KCMP_VM, "its memory"},
                                   {KCMP_FILES, "its descriptor table"},
                                   {KCMP_FS, "its working directory"},
                                   {KCMP_SIGHAND, "its signal handlers"}};
constexpr Sharing kAmongThreads[] = {{KCMP_FILES, "a descriptor table"},
                                     {KCMP_FS, "a working directory"}};

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

Status CheckChildren(pid_t pid, const std::vector<pid_t>& threads) {
  std::string children;
  for (pid_t tid : threads) {
    ASSIGN_OR_RETURN(const std::string text,
                     ReadFile(StrCat("/proc/", pid, "/task/", tid, "/children")));
    children += text;
  }
  if (children.empty()) return Ok();
  children.pop_back();  // Each pid is followed by a blank.
  return Error(ErrorCode::kUnsupported,
               StrCat("it has children: ", children, "; snapshot the whole tree with --tree"));
}

// Zero when shared; -1 (EPERM) when the other may not be looked at.
long Compare(pid_t a, pid_t b, int type) { return syscall(SYS_kcmp, a, b, type, 0, 0); }

}  // namespace

Status ProcessRelationsKind::Check(const TaskFacts& task) const {
  ASSIGN_OR_RETURN(const std::vector<pid_t> threads, ReadThreads(task.pid));
  RETURN_IF_ERROR(CheckChildren(task.pid, threads));
  for (pid_t tid : threads) {
    for (const Sharing& sharing : kAmongThreads) {
      const long order = Compare(task.pid, tid, sharing.type);
      if (order < 0) return Error::Errno("comparing threads ", task.pid, " and ", tid);
      if (order != 0)
        return Error(ErrorCode::kUnsupported, StrCat("its thread ", tid, " has ", sharing.what,
                                                     " of its own, which cannot be saved"));
    }
  }
  ASSIGN_OR_RETURN(const uint64_t parent, StatusNumber(task.status, "PPid", 10));
  if (parent == 0) return Ok();  // Outside this PID namespace.
  for (const Sharing& sharing : kWithParent) {
    if (Compare(task.pid, static_cast<pid_t>(parent), sharing.type) == 0)
      return Error(ErrorCode::kUnsupported, StrCat("it shares ", sharing.what, " with its parent ",
                                                   parent, ", which cannot be saved"));
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
