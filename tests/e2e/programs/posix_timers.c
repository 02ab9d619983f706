// POSIX timers of every kind: ids, clocks, who is told, time left, interval.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int got_value, got_timer, got_tid;
static volatile long thread_id;
static int armed_id;

static void handler(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)context;
  got_value = info->si_value.sival_int;
  got_timer = info->si_timerid;
  got_tid = syscall(SYS_gettid);
}

static void* thread_main(void* unused) {
  thread_id = syscall(SYS_gettid);
  while (!got_value) e2e_pause_ms(2);
  return unused;
}

// Returns the kernel's id: the library hides it.
static int create(clockid_t clock, int notify, int signal, int value, long tid) {
  int id = -1;
  struct sigevent event = {
      .sigev_notify = notify, .sigev_signo = signal, .sigev_value.sival_int = value};
  event.sigev_notify_thread_id = tid;
  EXPECT_EQ(syscall(SYS_timer_create, clock, &event, &id), 0);
  return id;
}

static void arm(int id, long seconds, long ns, long interval) {
  struct itimerspec spec = {{interval, 0}, {seconds, ns}};
  EXPECT_EQ(syscall(SYS_timer_settime, id, 0, &spec, NULL), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGRTMIN + 3, &action, NULL);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  while (!thread_id) e2e_pause_ms(1);
  static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME,
                                     CLOCK_PROCESS_CPUTIME_ID};
  int ids[5];
  ids[0] = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
  EXPECT_EQ(syscall(SYS_timer_delete, ids[0]), 0);  // A hole in the numbering.
  for (int i = 0; i < 4; ++i)
    arm(ids[i] = create(clocks[i], i % 2 ? SIGEV_NONE : SIGEV_SIGNAL, SIGUSR1, i, 0), 5000 + i, 0,
        9);
  ids[4] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0, 0);  // Never armed.
  armed_id = create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGRTMIN + 3, 4242, thread_id);
  e2e_ready_and_wait();
  struct itimerspec now;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(syscall(SYS_timer_gettime, ids[i], &now), 0);
    EXPECT_BETWEEN(now.it_value.tv_sec, 4700 + i, 5000 + i);
    EXPECT_EQ(now.it_interval.tv_sec, 9);
  }
  EXPECT_EQ(syscall(SYS_timer_gettime, ids[4], &now), 0);
  EXPECT_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
  arm(armed_id, 0, 1000000, 0);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  EXPECT_EQ(got_value, 4242);
  EXPECT_EQ(got_timer, armed_id);
  EXPECT_EQ(got_tid, thread_id);
  return e2e_ok();
}
