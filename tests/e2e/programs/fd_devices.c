// The character devices null, zero, full, random and urandom.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY),
      full = open("/dev/full", O_WRONLY);
  int random = open("/dev/random", O_RDONLY | O_NONBLOCK),
      urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  EXPECT(null >= 0 && zero >= 0 && full >= 0 && random >= 0 && urandom >= 0);
  char* mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  EXPECT(mapped != MAP_FAILED);
  mapped[5000] = 5;
  e2e_ready_and_wait();
  char bytes[16] = {1};
  EXPECT(read(null, bytes, 1) == 0 && write(null, bytes, 1) == 1);
  EXPECT(read(zero, bytes, 1) == 1 && bytes[0] == 0);
  EXPECT(write(full, bytes, 1) == -1 && errno == ENOSPC);
  EXPECT_EQ(read(random, bytes, 16), 16);
  EXPECT_EQ(read(urandom, bytes, 16), 16);
  EXPECT(fcntl(random, F_GETFL) & O_NONBLOCK);
  EXPECT(mapped[5000] == 5 && mapped[1] == 0);
  return e2e_ok();
}
