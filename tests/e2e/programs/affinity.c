// The processors that each thread may use.
#include <pthread.h>
#include <sched.h>

#include "tests/e2e/programs/e2e.h"

static void check(int cpu) {
  cpu_set_t now;
  EXPECT_EQ(sched_getaffinity(0, sizeof now, &now), 0);
  EXPECT_EQ(CPU_COUNT(&now), 1);
  EXPECT(CPU_ISSET(cpu, &now));
}

static void pin(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
}

static void* thread_main(void* cpu) {
  pin((intptr_t)cpu);
  e2e_wait_go();
  check((intptr_t)cpu);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  cpu_set_t allowed;
  EXPECT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  if (CPU_COUNT(&allowed) < 2) e2e_skip("only one processor");
  int first = 0, last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(first, &allowed)) ++first;
  while (!CPU_ISSET(last, &allowed)) --last;
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, (void*)(intptr_t)last), 0);
  pin(first);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  check(first);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  return e2e_ok();
}
