#ifndef SUPERVISOR_TRACEE_SEIZE_H_
#define SUPERVISOR_TRACEE_SEIZE_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/tracee/sleep_clock.h"

namespace tardigrade {

// Refuses what can never be frozen: no such process, a thread that leads none, this process itself,
// kernel threads (kUsage), zombies (kTraceeGone).
Status CheckFreezable(pid_t pid);

// The threads of a process, stopped under the calling thread.  Detaches what it still holds when it
// is destroyed.
class SeizedThreads {
 public:
  struct Thread {
    pid_t tid = -1;
    int stop_signal = 0;                     // Of a group-stop.
    std::optional<SleepClock::Sleep> sleep;  // In a call with a timeout, until the stop.
    bool stop_makes_eintr = false;           // It sleeps in a call that the kernel never restarts.
    std::string wait_channel;                // Of one asleep in restart_syscall(2).
  };

  // Called for each thread as soon as it has stopped.
  using OnStop = std::function<Status(const Thread& thread)>;

  explicit SeizedThreads(pid_t pid) : pid_(pid) {}
  ~SeizedThreads() { DetachAll(); }
  SeizedThreads(const SeizedThreads&) = delete;
  SeizedThreads& operator=(const SeizedThreads&) = delete;

  // Stops all threads; they may make more while that goes on.  The leader is the first in threads(),
  // but if it has exited: then the oldest of the others is.
  Status SeizeAll(std::chrono::steady_clock::time_point deadline, const OnStop& on_stop);

  const std::vector<Thread>& threads() const { return threads_; }
  // Lets a stopped thread go on until it sleeps, for a moment at most, and stops it again.
  Status StopInSleep(size_t thread, const OnStop& on_stop);
  void DetachAll();
  // Waits for all of them to die, after a SIGKILL: a tracer that does not wait for its tracees
  // keeps their parent from seeing them die.  A child of this process stays a zombie, for others to
  // reap.
  void WaitForDeath();

 private:
  void ReapDead(pid_t tid, std::chrono::steady_clock::time_point deadline);

  using Deadline = std::chrono::steady_clock::time_point;

  // Seizes the threads not yet known.
  Status SeizeNew();
  Status SeizeOne(pid_t tid);
  bool LeaderHasExited() const;
  // Reads what only a sleeping thread shows.  True if it sleeps.
  bool LookAtSleeper(Thread& thread, SleepClock& clock);
  Status StopFrom(size_t first_new, Deadline deadline, const OnStop& on_stop);
  Result<int> WaitStop(pid_t tid, Deadline deadline);
  Status CheckNoVfork(pid_t tid) const;
  Status WaitFor(Thread& thread, Deadline deadline, const OnStop& on_stop);

  pid_t pid_;
  std::vector<Thread> threads_;
  std::map<pid_t, bool> seized_;  // Whether the thread has stopped.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SEIZE_H_
