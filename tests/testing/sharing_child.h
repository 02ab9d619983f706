#ifndef TESTS_TESTING_SHARING_CHILD_H_
#define TESTS_TESTING_SHARING_CHILD_H_

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tardigrade::testing {

// A sleeping child that shares with this process what the `flags` of clone(2) say; not CLONE_VM.
class SharingChild {
 public:
  explicit SharingChild(unsigned long flags)
      : pid_(static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0))) {
    if (pid_ != 0) return;
    for (;;) pause();
  }
  ~SharingChild() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  SharingChild(const SharingChild&) = delete;
  pid_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_SHARING_CHILD_H_
