// A FIFO with unread data, and one that was deleted.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fds[2][2];
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(mkfifo(e2e_file(i ? "gone" : "fifo"), 0600), 0);
    fds[i][0] = open(e2e_file(i ? "gone" : "fifo"), O_RDONLY | O_NONBLOCK);
    fds[i][1] = open(e2e_file(i ? "gone" : "fifo"), O_WRONLY);
    EXPECT(fds[i][0] >= 0 && fds[i][1] >= 0);
    EXPECT_EQ(write(fds[i][1], "unread", 6), 6);
  }
  EXPECT_EQ(unlink(e2e_file("gone")), 0);
  e2e_ready_and_wait();
  for (int i = 0; i < 2; ++i) {
    char text[16] = "";
    EXPECT_EQ(write(fds[i][1], " more", 5), 5);
    EXPECT_EQ(read(fds[i][0], text, sizeof text - 1), 11);
    EXPECT(strcmp(text, "unread more") == 0);
    EXPECT(read(fds[i][0], text, 1) == -1 && errno == EAGAIN);
  }
  // The named one is still the one in the file system.
  int again = open(e2e_file("fifo"), O_WRONLY | O_NONBLOCK);
  EXPECT_EQ(write(again, "z", 1), 1);
  char byte;
  EXPECT_EQ(read(fds[0][0], &byte, 1), 1);
  return e2e_ok();
}
