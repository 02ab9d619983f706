// A Landlock ruleset.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  uint64_t ruleset = 1;  // handled_access_fs
  int fd = syscall(444 /* landlock_create_ruleset */, &ruleset, sizeof ruleset, 0);
  if (fd < 0) e2e_skip("no Landlock");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
