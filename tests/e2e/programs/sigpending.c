// Pending signals of the process and of a thread come back with their siginfo and in their order.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static sigset_t all;

static int take(siginfo_t* info) {
  struct timespec none = {0, 0};
  return syscall(SYS_rt_sigtimedwait, &all, info, &none, 8);
}

static void queue_here(int signal, int value) {
  siginfo_t info = {.si_signo = signal, .si_code = SI_QUEUE};
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_int = value;
  EXPECT_EQ(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, &info), 0);
}

static void* thread_main(void* unused) {
  queue_here(SIGRTMIN + 5, 51);
  queue_here(SIGRTMIN + 5, 52);
  queue_here(SIGUSR1, 53);
  e2e_wait_go();
  siginfo_t info;
  EXPECT_EQ(take(&info), SIGUSR1);
  EXPECT_EQ(info.si_value.sival_int, 53);
  for (int i = 51; i <= 52; ++i) {
    EXPECT_EQ(take(&info), SIGRTMIN + 5);
    EXPECT_EQ(info.si_value.sival_int, i);
    EXPECT_EQ(info.si_code, SI_QUEUE);
  }
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(sigqueue(getpid(), SIGRTMIN + 7, (union sigval){.sival_int = 70 + i}), 0);
  EXPECT_EQ(kill(getpid(), SIGUSR2), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  siginfo_t info;
  EXPECT_EQ(take(&info), SIGUSR2);
  EXPECT_EQ(info.si_code, SI_USER);
  EXPECT_EQ(info.si_pid, getpid());
  EXPECT_EQ(info.si_uid, getuid());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(take(&info), SIGRTMIN + 7);
    EXPECT_EQ(info.si_value.sival_int, 70 + i);
    EXPECT_EQ(info.si_code, SI_QUEUE);
  }
  EXPECT_EQ(take(&info), -1);
  return e2e_ok();
}
