#include "supervisor/kernel/living_thread.h"

#include <dirent.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

bool Lives(pid_t pid, pid_t tid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/task/", tid, "/stat"));
  if (!text.has_value()) return false;
  const Result<ProcStat> stat = ParseProcStat(text.value());
  return stat.has_value() && stat.value().state != 'Z' && stat.value().state != 'X';
}

}  // namespace

Result<pid_t> LivingThread(pid_t pid) {
  if (Lives(pid, pid)) return pid;
  // Listed by age (fs/proc/base.c, proc_task_readdir()).
  const std::string path = StrCat("/proc/", pid, "/task");
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
  if (dir == nullptr && errno != ENOENT) return Error::Errno("opening ", path);
  while (const dirent* entry = dir == nullptr ? nullptr : readdir(dir.get())) {
    pid_t tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, tid).ptr == end && Lives(pid, tid)) return tid;
  }
  return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " has exited"));
}

}  // namespace tardigrade
