// A program that is caught inside one system call.  The call must not return early, not fail with
// EINTR, and must not last much longer than asked for.
#ifndef TESTS_E2E_PROGRAMS_TIMED_CALL_H_
#define TESTS_E2E_PROGRAMS_TIMED_CALL_H_

#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

#define CALL_MS 1600
// The first snapshot comes after this: a call that begins anew with it is that much too late, and
// that is told from a slow machine's delays.
#define READY_MS 1000
#define SLACK_MS (READY_MS - 50)

// How long this thread could have run and found no processor free, since it was made here.
E2E_FN long long e2e_starved_ms(void) {
  char path[64], text[128] = "";
  snprintf(path, sizeof path, "/proc/self/task/%ld/schedstat", syscall(SYS_gettid));
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;  // CONFIG_SCHED_INFO
  long long on_cpu_ns = 0, waited_ns = 0;
  if (read(fd, text, sizeof text - 1) > 0) sscanf(text, "%lld %lld", &on_cpu_ns, &waited_ns);
  close(fd);
  return waited_ns / 1000000;
}

E2E_FN void* e2e_ready_later(void* unused) {
  e2e_pause_ms(READY_MS);
  e2e_ready();
  return unused;
}

// Waits for `call`, which lasts CALL_MS by itself, and checks how long it took, to `forgiven_ms`
// more: the time the program was dead does not count.
E2E_FN void timed_call_forgiven(void (*call)(void), long long forgiven_ms) {
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, e2e_ready_later, NULL), 0);
  EXPECT_EQ(pthread_detach(thread), 0);
  long long begin = e2e_now_ms();
  call();
  long long end = e2e_now_ms(), took = end - begin, starved = e2e_starved_ms(), dead_min, dead_max;
  e2e_wait_go();
  e2e_dead_ms(&dead_min, &dead_max);
  if (e2e_restarted_after(end)) dead_min = 0;  // Some of it was not within the call.
  // What is left is not known when it was restarted before.
  if (e2e_snapshots() > 1) forgiven_ms = CALL_MS;
  EXPECT_BETWEEN(took, CALL_MS + dead_min - 5,
                 CALL_MS + dead_max + forgiven_ms + SLACK_MS + starved);
}

// The same for a call that ends when it would have.
E2E_FN void timed_call(void (*call)(void)) { timed_call_forgiven(call, 0); }

// Runs `wake` in a second thread as soon as the harness says go.
static void (*e2e_wake)(void);

E2E_FN void* e2e_waker(void* unused) {
  e2e_wait_go();
  e2e_pause_ms(50);  // So that a call that came back too early is seen.
  e2e_wake();
  return unused;
}

// Waits for `call`, which lasts until `wake` is run; returns only after the go.
E2E_FN void woken_call(void (*call)(void), void (*wake)(void)) {
  pthread_t thread;
  e2e_wake = wake;
  EXPECT_EQ(pthread_create(&thread, NULL, e2e_waker, NULL), 0);
  e2e_ready();
  call();
  EXPECT(e2e_go_exists());
  EXPECT_EQ(pthread_join(thread, NULL), 0);
}

#endif  // TESTS_E2E_PROGRAMS_TIMED_CALL_H_
