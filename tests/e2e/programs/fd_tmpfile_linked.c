// A file made with O_TMPFILE and given a name since: it is the one that has the name.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], link[64], text[16] = "";
  snprintf(dir, sizeof dir, "%s", e2e_state);
  *strrchr(dir, '/') = 0;
  int fd = open(dir, O_TMPFILE | O_RDWR, 0600);
  if (fd < 0) e2e_skip("this file system has no O_TMPFILE");
  EXPECT_EQ(write(fd, "linked", 6), 6);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  EXPECT_EQ(linkat(AT_FDCWD, link, AT_FDCWD, e2e_file("named"), AT_SYMLINK_FOLLOW), 0);
  char* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(shared != MAP_FAILED);
  e2e_ready_and_wait();
  EXPECT_EQ(write(fd, " again", 6), 6);
  shared[0] = 'L';
  EXPECT_EQ(e2e_read_file(e2e_file("named"), text, sizeof text), 12);
  EXPECT(strcmp(text, "Linked again") == 0);
  struct stat st, named;
  EXPECT(fstat(fd, &st) == 0 && stat(e2e_file("named"), &named) == 0);
  EXPECT_EQ(st.st_ino, named.st_ino);
  EXPECT_EQ(st.st_nlink, 1);
  return e2e_ok();
}
