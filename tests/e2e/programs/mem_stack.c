// The first thread's stack still grows by itself, and the gap below it is still guarded.
#include <setjmp.h>

#include "tests/e2e/programs/e2e.h"

static sigjmp_buf back;
static char alternate[65536];
static void handler(int signal) { siglongjmp(back, signal); }

static __attribute__((noinline)) int deep(int depth) {
  volatile char frame[4000];
  memset((char*)frame, depth, sizeof frame);
  int below = depth ? deep(depth - 1) : 0;
  for (size_t i = 0; i < sizeof frame; i += 500) EXPECT_EQ(frame[i], (char)depth);
  return below + 1;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  EXPECT_EQ(deep(50), 51);
  e2e_ready_and_wait();
  EXPECT(e2e_has_vm_flag(&stack, "gd"));
  EXPECT_EQ(deep(1000), 1001);  // 4 MB, far more than there was.
  // A mapping near the stack must be protected from it: growing into the gap is a fault.
  FILE* maps = fopen("/proc/self/maps", "re");
  unsigned long low = 0, high = 0;
  char line[4096];
  while (fgets(line, sizeof line, maps) && !strstr(line, "[stack]")) {
  }
  EXPECT_EQ(sscanf(line, "%lx-%lx", &low, &high), 2);
  fclose(maps);
  char* near = mmap((char*)low - (64 + 256) * 4096ul, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT_EQ(near, low - (64 + 256) * 4096ul);
  if (sigsetjmp(back, 1) == 0) {
    *(volatile char*)(near + 8 * 4096) = 1;  // 8 pages above it: inside the gap of 256 pages.
    e2e_fail("the stack grew to within 8 pages of another mapping");
  }
  return e2e_ok();
}
