// Locked memory: mlock, mlock2(MLOCK_ONFAULT), mlockall(MCL_FUTURE).
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  size_t bytes = 8 * 4096;
  char* locked = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* on_fault =
      mmap(NULL, 1000 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mlock(locked, bytes) != 0) e2e_skip("not allowed to lock memory (RLIMIT_MEMLOCK)");
  EXPECT_EQ(syscall(SYS_mlock2, on_fault, 1000 * 4096, 1), 0);
  e2e_fill(on_fault, 4096, 1);
  e2e_ready_and_wait();
  char text[64];
  EXPECT(e2e_has_vm_flag(locked, "lo"));
  EXPECT(e2e_smaps(locked, "Locked:", text, sizeof text));
  EXPECT_EQ(atoi(text), 32);
  EXPECT(e2e_has_vm_flag(on_fault, "lo"));
  EXPECT(e2e_smaps(on_fault, "Rss:", text, sizeof text));
  EXPECT(atoi(text) <= 64);  // Only what was touched, not all of it.
  e2e_check_fill(on_fault, 4096, 1);
  EXPECT_EQ(e2e_proc_field("/proc/self/status", "VmLck:"), 4032);
  return e2e_ok();
}
