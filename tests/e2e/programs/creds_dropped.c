// A program that root started and that became an ordinary user for good.
#include <grp.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  if (geteuid() != 0) e2e_skip("needs root");
  char dir[PATH_MAX];
  snprintf(dir, sizeof dir, "%s", e2e_state);
  *strrchr(dir, '/') = 0;
  EXPECT_EQ(chmod(dir, 0777), 0);
  EXPECT_EQ(setgroups(0, NULL), 0);
  EXPECT_EQ(setresgid(4711, 4711, 4711), 0);
  EXPECT_EQ(setresuid(4711, 4711, 4711), 0);
  e2e_ready_and_wait();
  uid_t r, e, s;
  EXPECT_EQ(getresuid(&r, &e, &s), 0);
  EXPECT(r == 4711 && e == 4711 && s == 4711);
  EXPECT_EQ(getgroups(0, NULL), 0);
  EXPECT(setuid(0) == -1 && errno == EPERM);
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  return e2e_ok();
}
