// Protection keys: what is allocated, which mapping has which, and the rights register of each
// thread.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static uint32_t read_pkru(void) {
  uint32_t eax, edx;
  __asm__ volatile("rdpkru" : "=a"(eax), "=d"(edx) : "c"(0));
  return eax;
}

static void write_pkru(uint32_t value) {
  __asm__ volatile("wrpkru" ::"a"(value), "c"(0), "d"(0) : "memory");
}

static uint32_t in_thread;
static void* thread_main(void* key) {
  write_pkru(2u << 2 * (intptr_t)key);  // Only writing is forbidden, and only here.
  e2e_wait_go();
  in_thread = read_pkru();
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  long first = syscall(SYS_pkey_alloc, 0, 0), second = syscall(SYS_pkey_alloc, 0, 0);
  if (first < 0) e2e_skip("no protection keys here");
  EXPECT(second > first);
  long third = syscall(SYS_pkey_alloc, 0, 0), fourth = syscall(SYS_pkey_alloc, 0, 0);
  EXPECT(fourth > third);
  EXPECT_EQ(syscall(SYS_pkey_free, first), 0);
  EXPECT_EQ(syscall(SYS_pkey_free, third), 0);  // A hole in the set of allocated keys.
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  e2e_fill(page, 8192, 1);
  EXPECT_EQ(syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_WRITE, second), 0);
  char* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  e2e_fill(code, 4096, 2);
  EXPECT_EQ(mprotect(code, 4096, PROT_EXEC), 0);  // The kernel takes a key of its own: the first.
  write_pkru(3u << 2 * second);  // Neither reading nor writing.
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, (void*)second), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  EXPECT_EQ(read_pkru(), 3u << 2 * second);
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  EXPECT_EQ(in_thread, 2u << 2 * second);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT(write(ends[1], page, 8) == -1 && errno == EFAULT);
  EXPECT_EQ(write(ends[1], page + 4096, 8), 8);
  write_pkru(0);
  e2e_check_fill(page, 8192, 1);
  char key[64];
  EXPECT(e2e_smaps(page, "ProtectionKey:", key, sizeof key));
  EXPECT_EQ(atoi(key), second);
  EXPECT(e2e_smaps(code, "ProtectionKey:", key, sizeof key));
  EXPECT_EQ(atoi(key), first);
  EXPECT_EQ(syscall(SYS_pkey_free, first), -1);  // Not the program's.
  EXPECT_EQ(syscall(SYS_pkey_alloc, 0, 0), third);
  EXPECT_EQ(syscall(SYS_pkey_alloc, 0, 0), fourth + 1);
  return e2e_ok();
}
