#ifndef SUPERVISOR_KERNEL_PROC_STAT_H_
#define SUPERVISOR_KERNEL_PROC_STAT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "supervisor/base/result.h"

namespace tardigrade {

// /proc/PID/stat, its fields in their order under the names of proc(5).  Addresses are 0 for
// readers without ptrace access, exit_code likewise.
struct ProcStat {
  int32_t pid = 0;
  std::string comm;  // Any bytes, parentheses and newlines among them.
  char state = 0;    // 'R', 'S', 't', 'Z', ...
  int32_t ppid = 0;
  int32_t pgrp = 0;
  int32_t session = 0;
  int32_t tty_nr = 0;
  int32_t tpgid = 0;
  uint64_t flags = 0;  // PF_* of include/linux/sched.h.
  uint64_t minflt = 0, cminflt = 0, majflt = 0, cmajflt = 0;
  uint64_t utime = 0, stime = 0;  // Clock ticks.
  int64_t cutime = 0, cstime = 0;
  int64_t priority = 0, nice = 0;
  int64_t num_threads = 0;
  int64_t itrealvalue = 0;
  uint64_t start_time = 0;  // Clock ticks since boot.
  uint64_t vsize = 0;       // Bytes.
  int64_t rss = 0;          // Pages.
  uint64_t rsslim = 0;
  uint64_t start_code = 0, end_code = 0, start_stack = 0;
  uint64_t kstkesp = 0, kstkeip = 0;
  uint64_t signal = 0, blocked = 0, sigignore = 0, sigcatch = 0;  // 31 bits each; see status.
  uint64_t wchan = 0;
  uint64_t nswap = 0, cnswap = 0;
  int32_t exit_signal = 0;
  int32_t processor = 0;
  uint64_t rt_priority = 0, policy = 0;
  uint64_t delayacct_blkio_ticks = 0;
  uint64_t guest_time = 0;
  int64_t cguest_time = 0;
  uint64_t start_data = 0, end_data = 0, start_brk = 0;
  uint64_t arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;
  int32_t exit_code = 0;  // As wait(2) would report it.
};

// Parses /proc/PID/stat or /proc/PID/task/TID/stat; see fs/proc/array.c, do_task_stat().  Fields
// after exit_code are passed over.  Errors: kInternal.
Result<ProcStat> ParseProcStat(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_PROC_STAT_H_
