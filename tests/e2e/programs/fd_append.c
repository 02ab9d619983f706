// A log file opened with O_APPEND grows where its end is.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("log"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0640);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(write(fd, "line\n", 5), 5);
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFL) & O_APPEND);
  EXPECT_EQ(write(fd, "last\n", 5), 5);
  struct stat st;
  EXPECT_EQ(fstat(fd, &st), 0);
  EXPECT_EQ(st.st_size, 505);
  char text[600];
  EXPECT_EQ(e2e_read_file(e2e_file("log"), text, sizeof text), 505);
  EXPECT(strcmp(text + 495, "line\nlast\n") == 0);
  return e2e_ok();
}
