// A pipe with unread data, still open at both ends.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char sent[60000], got[60000];
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  e2e_fill(sent, sizeof sent, 1);
  EXPECT_EQ(write(ends[1], sent, 50000), 50000);
  EXPECT_EQ(read(ends[0], got, 1234), 1234);
  EXPECT_EQ(fcntl(ends[1], F_SETFL, 0), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(write(ends[1], sent + 50000, 3000), 3000);
  ssize_t done = 1234, n;
  while ((n = read(ends[0], got + done, sizeof got - done)) > 0) done += n;
  EXPECT(n == -1 && errno == EAGAIN);
  EXPECT_EQ(done, 53000);
  EXPECT(memcmp(sent, got, done) == 0);
  EXPECT_EQ(fcntl(ends[0], F_GETFL), O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(fcntl(ends[1], F_GETFL), O_WRONLY);
  EXPECT_EQ(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
  return e2e_ok();
}
