// A thread group whose first thread has ended goes on: that thread stays a zombie with its name,
// its end does nothing a second time, and the rest has descriptors, timers, signals and calls as
// before.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static volatile int joined;
static pthread_t first;
static int pipe_ends[2];
static volatile int ticks;

static void on_tick(int signal) {
  (void)signal;
  ++ticks;
}

// The first thread's state and name; in /proc/self it shows as the process's.
static void expect_zombie_leader(void) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
  e2e_read_file(path, text, sizeof text);
  if (strstr(text, "(first) Z ") == NULL) e2e_fail("the first thread is %s", text);
}

static void* other_main(void* unused) {
  char byte = 0;
  EXPECT_EQ(read(pipe_ends[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  return unused;
}

static void* joiner_main(void* unused) {
  EXPECT_EQ(pthread_join(first, NULL), 0);
  joined = 1;
  return unused;
}

static void* thread_main(void* unused) {
  (void)unused;
  while (!joined) e2e_pause_ms(3);
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
  do {
    e2e_read_file(path, text, sizeof text);
  } while (strstr(text, ") Z ") == NULL);
  expect_zombie_leader();
  pthread_t other;
  EXPECT_EQ(pipe(pipe_ends), 0);
  EXPECT_EQ(fcntl(pipe_ends[0], F_SETOWN, getpid()), 0);
  EXPECT_EQ(pthread_create(&other, NULL, other_main, NULL), 0);
  e2e_ready_and_wait();
  EXPECT(syscall(SYS_gettid) != getpid());
  expect_zombie_leader();
  EXPECT_EQ(getpid(), e2e_proc_field("/proc/thread-self/status", "Tgid:"));
  EXPECT_EQ(fcntl(pipe_ends[0], F_GETOWN), getpid());
  EXPECT_EQ(write(pipe_ends[1], "x", 1), 1);
  EXPECT_EQ(pthread_join(other, NULL), 0);
  // The process can be signalled, and its timers still run.
  int before = ticks;
  EXPECT_EQ(kill(getpid(), SIGUSR1), 0);
  while (ticks == before) e2e_pause_ms(1);
  before = ticks;
  while (ticks < before + 3) e2e_pause_ms(1);
  _exit(e2e_ok());
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  prctl(PR_SET_NAME, "first");
  struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  timer_t timer;
  EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  struct itimerspec spec = {{0, 20000000}, {0, 20000000}};
  EXPECT_EQ(timer_settime(timer, 0, &spec, NULL), 0);
  pthread_t thread;
  first = pthread_self();
  EXPECT_EQ(pthread_create(&thread, NULL, joiner_main, NULL), 0);
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  pthread_exit(NULL);
}
