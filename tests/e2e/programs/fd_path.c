// O_PATH descriptors of a file, a directory and a symbolic link.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int file = open(e2e_file("file"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(write(file, "abc", 3), 3);
  EXPECT_EQ(symlink("nowhere", e2e_file("link")), 0);
  int path_file = open(e2e_file("file"), O_PATH | O_CLOEXEC);
  int path_link = open(e2e_file("link"), O_PATH | O_NOFOLLOW);
  int path_dir = open("/", O_PATH | O_DIRECTORY);
  EXPECT(path_file >= 0 && path_link >= 0 && path_dir >= 0);
  e2e_ready_and_wait();
  char text[16] = "";
  struct stat st, st2;
  EXPECT(fcntl(path_file, F_GETFL) & O_PATH);
  EXPECT(read(path_file, text, 1) == -1 && errno == EBADF);
  EXPECT(fstat(path_file, &st) == 0 && fstat(file, &st2) == 0 && st.st_ino == st2.st_ino);
  EXPECT_EQ(readlinkat(path_link, "", text, sizeof text), 7);
  EXPECT(strcmp(text, "nowhere") == 0);
  EXPECT_EQ(faccessat(path_dir, "proc", F_OK, 0), 0);
  EXPECT_EQ(fcntl(path_file, F_GETFD), FD_CLOEXEC);
  return e2e_ok();
}
