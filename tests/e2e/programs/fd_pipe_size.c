// The capacity of a pipe set with F_SETPIPE_SZ, filled to the brim.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int big[2], small[2];
  EXPECT(pipe2(big, O_NONBLOCK) == 0 && pipe2(small, O_NONBLOCK) == 0);
  EXPECT_EQ(fcntl(big[1], F_SETPIPE_SZ, 512 * 1024), 512 * 1024);
  EXPECT_EQ(fcntl(small[1], F_SETPIPE_SZ, 4096), 4096);
  char* data = malloc(512 * 1024);
  e2e_fill(data, 512 * 1024, 3);
  EXPECT_EQ(write(big[1], data, 512 * 1024), 512 * 1024);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(big[0], F_GETPIPE_SZ), 512 * 1024);
  EXPECT_EQ(fcntl(small[0], F_GETPIPE_SZ), 4096);
  EXPECT(write(big[1], "x", 1) == -1 && errno == EAGAIN);
  char* got = malloc(512 * 1024);
  EXPECT_EQ(read(big[0], got, 512 * 1024), 512 * 1024);
  EXPECT(memcmp(got, data, 512 * 1024) == 0);
  return e2e_ok();
}
