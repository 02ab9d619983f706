#ifndef SUPERVISOR_RESTORE_TURN_H_
#define SUPERVISOR_RESTORE_TURN_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace tardigrade {

// Whose turn it is among the tasks that share one memory (CLONE_VM): one at a time runs hosted
// code. They share even the thread-local storage, so that to the C library they are one thread.  A
// task that is forked has its own, and has the turn there.
class Turn {
 public:
  // Both touch nothing but this word and the stack.
  void Take();
  void Leave();

  // A system call that waits for others, made without having the turn.  Returns its raw result.
  int64_t Wait(uint32_t number, const uint64_t (&args)[6]);

 private:
  uint32_t word_ = 1;  // 0: nobody has it; 2: and somebody may be waiting for it.
};

// clone3(2), like fork(2), with a chosen pid: the child runs `body` and has an exit status of 127
// if that returns.  `sharing`: flags of what it has of this task.  With CLONE_VM it runs on a stack
// of its own, as soon as it has the turn; then `body` must not refer to what the caller may leave
// before it has ended.  With CLONE_PARENT its exit signal is the caller's.  Returns the pid, or -1
// with errno.
pid_t GiveBirth(Turn& turn, pid_t pid, int exit_signal, uint64_t sharing,
                std::function<void()> body);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_TURN_H_
