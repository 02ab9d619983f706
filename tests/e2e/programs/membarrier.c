// Registrations for expedited memory barriers.
#include "tests/e2e/programs/e2e.h"

enum {
  kGlobal = 2,
  kRegisterGlobal = 4,
  kPrivate = 8,
  kRegisterPrivate = 16,
  kSyncCore = 32,
  kRegisterSyncCore = 64
};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (syscall(SYS_membarrier, kRegisterPrivate, 0, 0) != 0) e2e_skip("no membarrier here");
  EXPECT_EQ(syscall(SYS_membarrier, kRegisterGlobal, 0, 0), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(syscall(SYS_membarrier, kPrivate, 0, 0), 0);
  EXPECT(syscall(SYS_membarrier, kSyncCore, 0, 0) == -1 && errno == EPERM);
  long known = syscall(SYS_membarrier, 512 /* GET_REGISTRATIONS, 6.3 */, 0, 0);
  if (known >= 0) EXPECT_EQ(known, kRegisterGlobal | kRegisterPrivate);
  return e2e_ok();
}
