#ifndef SUPERVISOR_TRACEE_SLEEP_CLOCK_H_
#define SUPERVISOR_TRACEE_SLEEP_CLOCK_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace tardigrade {

// Tells how long a thread has been asleep in a system call with a timeout, from the time at which
// the scheduler last ran it (`se.exec_start` of /proc/PID/task/TID/sched, kernel/sched/debug.c).
//
// That clock is each CPU's own (rq_clock_task(), which leaves out interrupts and stolen time), so
// it is compared with this thread's exec_start on the same CPU, which this class moves to.
class SleepClock {
 public:
  explicit SleepClock(pid_t pid) : pid_(pid) {}

  // Empty if the thread is not asleep in such a call, or the kernel does not tell.
  std::optional<int64_t> AsleepFor(pid_t tid);

 private:
  // CLOCK_MONOTONIC minus the scheduler's clock of `cpu`.
  std::optional<int64_t> OffsetOf(int cpu);

  pid_t pid_;
  std::map<int, std::optional<int64_t>> offsets_;
};

// se.exec_start of the text of /proc/PID/sched.
std::optional<int64_t> ParseExecStartNs(std::string_view sched_text);
// The CPU a thread last ran on, from the text of /proc/PID/stat.
std::optional<int> ParseCpu(std::string_view stat_text);
// True if the text of /proc/PID/syscall says that the thread sleeps in a call whose timeout
// must be shortened when it is stopped: those that leave a restart block, and epoll_wait.
bool IsTimedSleep(std::string_view syscall_text);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SLEEP_CLOCK_H_
