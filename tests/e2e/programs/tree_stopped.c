// Children that are stopped stay stopped, and go on at SIGCONT; their parent was told, and is told no
// more.  One stopped by SIGSTOP, one with threads by SIGTSTP, with a signal waiting for it.
#include <pthread.h>

#include "tests/e2e/programs/tree.h"

static volatile long* counter;
static volatile int notices;
static void on_child(int signal) {
  (void)signal;
  ++notices;
}
static void on_usr1(int signal) {
  (void)signal;
  ++counter[5];
}

static void* count_in_thread(void* number) {
  for (long i = (long)number; i >= 0; e2e_pause_ms(1)) ++counter[i];
  return NULL;
}

static void count(long first) {
  EXPECT_EQ(setpgid(0, 0), 0);
  signal(SIGUSR1, on_usr1);
  pthread_t thread;
  if (first) EXPECT_EQ(pthread_create(&thread, NULL, count_in_thread, (void*)(first + 1)), 0);
  while (first && counter[first + 1] == 0) e2e_pause_ms(1);
  tree_set_up();
  count_in_thread((void*)first);
}

static void check_goes_on(pid_t child, long first, long last) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
  EXPECT_EQ(kill(child, SIGCONT), 0);
  EXPECT_EQ(waitpid(child, &status, WCONTINUED), child);
  EXPECT(WIFCONTINUED(status));
  for (long i = first; i <= last; ++i) {
    long before = counter[i];
    for (int ms = 0; ms < 5000 && counter[i] == before; ++ms) e2e_pause_ms(1);
    EXPECT(counter[i] > before);
  }
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

static void stop(pid_t child, int signal) {
  EXPECT_EQ(kill(child, signal), 0);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WUNTRACED), child);
  EXPECT(WIFSTOPPED(status));
  EXPECT_EQ(WSTOPSIG(status), signal);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  counter = tree_memory(4096);
  pid_t first = tree_fork(count, 0), second = tree_fork(count, 1);
  tree_await(2);
  stop(first, SIGSTOP);
  stop(second, SIGTSTP);
  EXPECT_EQ(kill(second, SIGUSR1), 0);
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  EXPECT_EQ(sigaction(SIGCHLD, &action, NULL), 0);
  long before[3] = {counter[0], counter[1], counter[2]};
  e2e_ready_and_wait();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(counter[i], before[i]);
  e2e_pause_ms(30);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(counter[i], before[i]);
  EXPECT_EQ(counter[5], 0);
  EXPECT_EQ(notices, 0);
  check_goes_on(first, 0, 0);
  check_goes_on(second, 1, 2);
  EXPECT_EQ(counter[5], 1);
  return e2e_ok();
}
