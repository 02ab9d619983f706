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

  struct Sleep {
    int64_t asleep_for_ns = 0;
    int64_t switches = 0;  // Times the thread had gone to sleep.
  };

  // `tid` is asleep.  Empty if the kernel does not tell.
  std::optional<Sleep> Measure(pid_t tid);

  // True if `tid`, which has been stopped since, was in the same sleep until then: it has switched
  // once more, into the stop.
  static bool LastedUntilStop(pid_t pid, pid_t tid, const Sleep& sleep);

 private:
  // CLOCK_MONOTONIC minus the scheduler's clock of `cpu`.
  std::optional<int64_t> OffsetOf(int cpu);

  pid_t pid_;
  std::map<int, std::optional<int64_t>> offsets_;
};

// se.exec_start of the text of /proc/PID/sched.
std::optional<int64_t> ParseExecStartNs(std::string_view sched_text);
// nr_voluntary_switches of the same.
std::optional<int64_t> ParseVoluntarySwitches(std::string_view sched_text);
// The CPU a thread last ran on, from the text of /proc/PID/stat.
std::optional<int> ParseCpu(std::string_view stat_text);
// The system call a thread is asleep in, from the text of /proc/PID/syscall; empty if it runs.
std::optional<int64_t> ParseSleepingCall(std::string_view syscall_text);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SLEEP_CLOCK_H_
