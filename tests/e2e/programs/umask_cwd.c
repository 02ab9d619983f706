// File mode mask and working directory.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], now[PATH_MAX];
  snprintf(dir, sizeof dir, "%s", e2e_file("dir with \n odd name"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  EXPECT_EQ(chdir(dir), 0);
  umask(0137);
  e2e_ready_and_wait();
  EXPECT(getcwd(now, sizeof now) && strcmp(now, dir) == 0);
  struct stat st;
  int fd = open("relative", O_CREAT | O_RDWR | O_EXCL, 0777);
  EXPECT(fd >= 0 && fstat(fd, &st) == 0);
  EXPECT_EQ(st.st_mode & 0777, 0640);
  EXPECT_EQ(umask(0), 0137);
  return e2e_ok();
}
