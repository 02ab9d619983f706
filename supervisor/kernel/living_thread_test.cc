#include "supervisor/kernel/living_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;

// Forks a child that runs `body`, killed and reaped in the end.
class Child {
 public:
  explicit Child(void (*body)()) : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    _exit(0);
  }
  ~Child() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  void AwaitZombieLeader() const {
    const std::string path = StrCat("/proc/", pid_, "/task/", pid_, "/stat");
    while (ReadFile(path).value().find(") Z ") == std::string::npos) usleep(1000);
  }

 private:
  pid_t pid_;
};

TEST(LivingThread, IsTheProcessAsLongAsItsMainThreadLives) {
  EXPECT_EQ(LivingThread(getpid()).value(), getpid());
}

TEST(LivingThread, IsAnotherWhenTheMainThreadHasExited) {
  const Child child([] {
    pthread_t thread;
    const auto wait = [](void*) -> void* {
      for (;;) pause();
    };
    if (pthread_create(&thread, nullptr, wait, nullptr) == 0) syscall(SYS_exit, 0);
  });
  child.AwaitZombieLeader();
  const pid_t other = LivingThread(child.pid()).value();
  EXPECT_NE(other, child.pid());
  // It can be asked like a process, where the process itself has no answer.
  EXPECT_EQ(ReadFile(StrCat("/proc/", child.pid(), "/maps")).value(), "");
  EXPECT_NE(ReadFile(StrCat("/proc/", other, "/maps")).value(), "");
}

TEST(LivingThread, AZombieHasNone) {
  const Child child([] {});
  child.AwaitZombieLeader();
  EXPECT_THAT(LivingThread(child.pid()), FailsWith(ErrorCode::kTraceeGone, "has exited"));
  EXPECT_THAT(LivingThread(1 << 22), FailsWith(ErrorCode::kTraceeGone, "has exited"));
}

}  // namespace
}  // namespace tardigrade
