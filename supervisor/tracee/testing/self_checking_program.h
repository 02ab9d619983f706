#ifndef SUPERVISOR_TRACEE_TESTING_SELF_CHECKING_PROGRAM_H_
#define SUPERVISOR_TRACEE_TESTING_SELF_CHECKING_PROGRAM_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace tardigrade::testing {

// A child process of many threads that compute, sleep and wait in every restartable way, and check
// that nobody disturbs them: no wrong result, no early return, no EINTR, no lost wakeup.
class SelfCheckingProgram {
 public:
  static constexpr int kThreads = 11;

  SelfCheckingProgram();
  ~SelfCheckingProgram();
  SelfCheckingProgram(const SelfCheckingProgram&) = delete;
  SelfCheckingProgram& operator=(const SelfCheckingProgram&) = delete;

  pid_t pid() const { return pid_; }
  // EINTR of calls that the kernel never restarts.
  int eintr_count() const;
  // Waits until every thread has gone round again.  False if one has not within `seconds`.
  bool EveryThreadGoesOn(int seconds) const;
  // Lets the program end; returns what went wrong, or "".
  std::string Finish();

 private:
  struct Board;
  static void RunThread(Board* board, int index);

  Board* board_;  // Shared with the program.
  pid_t pid_ = -1;
};

}  // namespace tardigrade::testing

#endif  // SUPERVISOR_TRACEE_TESTING_SELF_CHECKING_PROGRAM_H_
