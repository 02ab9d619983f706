// A working directory that was removed.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const char* directory = e2e_file("directory");
  EXPECT_EQ(mkdir(directory, 0700), 0);
  EXPECT_EQ(chdir(directory), 0);
  EXPECT_EQ(rmdir(directory), 0);
  e2e_ready_and_wait();
  char now[PATH_MAX];
  EXPECT(getcwd(now, sizeof now) == NULL);
  return e2e_ok();
}
