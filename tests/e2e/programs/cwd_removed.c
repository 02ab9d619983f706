// A working directory that has been removed, together with the one above it; a descriptor of it.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char outer[PATH_MAX], inner[PATH_MAX + 8], now[PATH_MAX];
  snprintf(outer, sizeof outer, "%s", e2e_file("outer"));
  snprintf(inner, sizeof inner, "%s/inner", outer);
  EXPECT_EQ(mkdir(outer, 0755), 0);
  EXPECT_EQ(mkdir(inner, 0710), 0);
  EXPECT_EQ(chdir(inner), 0);
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  int path = open(".", O_PATH);
  EXPECT(fd >= 0 && path >= 0);
  EXPECT_EQ(rmdir(inner), 0);
  EXPECT_EQ(rmdir(outer), 0);
  EXPECT_EQ(mkdir(outer, 0755), 0);  // Another one.
  e2e_ready_and_wait();
  struct stat st, st_fd, st_path, st_above;
  EXPECT(getcwd(now, sizeof now) == NULL && errno == ENOENT);
  EXPECT(stat(".", &st) == 0 && fstat(fd, &st_fd) == 0 && fstat(path, &st_path) == 0);
  EXPECT_EQ(st.st_ino, st_fd.st_ino);
  EXPECT_EQ(st.st_ino, st_path.st_ino);
  EXPECT_EQ(st.st_nlink, 0);
  EXPECT_EQ(st.st_mode & 07777, 0710);
  EXPECT_EQ(st.st_uid, geteuid());
  EXPECT(open("file", O_CREAT | O_WRONLY, 0600) == -1 && errno == ENOENT);
  EXPECT_EQ(access(inner, F_OK), -1);
  EXPECT_EQ(access(outer, F_OK), 0);
  EXPECT_EQ(stat("../..", &st_above), 0);
  EXPECT_EQ(rmdir(outer), 0);  // Nothing is left in there.
  return e2e_ok();
}
