#include "supervisor/kernel/kernel_worker.h"

#include <cstdint>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

constexpr uint64_t kIoWorker = 0x10;  // PF_IO_WORKER, include/linux/sched.h.

}  // namespace

bool IsKernelWorker(pid_t pid, pid_t tid) {
  if (pid == tid) return false;
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/task/", tid, "/stat"));
  if (!text.has_value()) return false;
  const Result<ProcStat> stat = ParseProcStat(text.value());
  return stat.has_value() && (stat.value().flags & kIoWorker) != 0;
}

}  // namespace tardigrade
