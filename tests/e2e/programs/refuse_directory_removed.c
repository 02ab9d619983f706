// An open directory that was removed.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const char* directory = e2e_file("directory");
  EXPECT_EQ(mkdir(directory, 0700), 0);
  int fd = open(directory, O_RDONLY | O_DIRECTORY);
  EXPECT(fd >= 0);
  EXPECT_EQ(rmdir(directory), 0);
  e2e_ready_and_wait();
  struct stat st;
  EXPECT_EQ(fstat(fd, &st), 0);
  EXPECT_EQ(st.st_nlink, 0);
  return e2e_ok();
}
