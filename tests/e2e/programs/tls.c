// FS base (thread-local variables) and GS base of each thread.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

enum { kSetGs = 0x1001, kGetFs = 0x1003, kGetGs = 0x1004 };
static __thread uint64_t local = 5;
static uint64_t gs_area[3];

static void check(uint64_t number, uint64_t fs) {
  uint64_t now = 0;
  EXPECT_EQ(local, number);
  EXPECT_EQ(syscall(SYS_arch_prctl, kGetFs, &now), 0);
  EXPECT_EQ(now, fs);
  EXPECT_EQ(syscall(SYS_arch_prctl, kGetGs, &now), 0);
  EXPECT_EQ(now, &gs_area[number]);
  __asm__ volatile("mov %%gs:0, %0" : "=r"(now));
  EXPECT_EQ(now, number + 1000);
}

static uint64_t prepare(uint64_t number) {
  uint64_t fs = 0;
  local = number;
  gs_area[number] = number + 1000;
  EXPECT_EQ(syscall(SYS_arch_prctl, kSetGs, &gs_area[number]), 0);
  EXPECT_EQ(syscall(SYS_arch_prctl, kGetFs, &fs), 0);
  return fs;
}

static void* thread_main(void* number) {
  uint64_t fs = prepare((uintptr_t)number);
  e2e_wait_go();
  check((uintptr_t)number, fs);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[2];
  uint64_t fs = prepare(0);
  for (intptr_t i = 0; i < 2; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, (void*)(i + 1)), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  check(0, fs);
  return e2e_ok();
}
