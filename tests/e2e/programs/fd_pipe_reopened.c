// A pipe opened a second time through /proc/self/fd: two open files, one pipe.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  char path[64], text[16];
  EXPECT_EQ(pipe(ends), 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
  int again = open(path, O_RDONLY | O_NONBLOCK);
  int both = open(path, O_RDWR);
  EXPECT(again >= 0 && both >= 0);
  EXPECT_EQ(write(ends[1], "abcdef", 6), 6);
  e2e_ready_and_wait();
  EXPECT_EQ(read(ends[0], text, 2), 2);
  EXPECT_EQ(read(again, text, 2), 2);
  EXPECT_EQ(text[0], 'c');
  EXPECT_EQ(write(both, "g", 1), 1);
  EXPECT_EQ(read(ends[0], text, 16), 3);
  EXPECT(read(again, text, 1) == -1 && errno == EAGAIN);
  EXPECT(!(fcntl(ends[0], F_GETFL) & O_NONBLOCK));
  return e2e_ok();
}
