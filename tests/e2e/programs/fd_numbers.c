// Descriptor numbers, low and high, close-on-exec flags, and the holes between.
#include <sys/resource.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct rlimit limit;
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max > 60000 ? 60000 : limit.rlim_max;
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  int high = (int)limit.rlim_cur - 1, null = open("/dev/null", O_RDWR);
  EXPECT_EQ(dup3(null, high, O_CLOEXEC), high);
  for (int fd = 100; fd < 800; fd += 2) EXPECT_EQ(dup3(null, fd, fd % 4 ? O_CLOEXEC : 0), fd);
  close(null);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(high, F_GETFD), FD_CLOEXEC);
  for (int fd = 100; fd < 800; ++fd) {
    int flags = fcntl(fd, F_GETFD);
    int wanted = fd % 2 ? -1 : fd % 4 ? FD_CLOEXEC : 0;
    if (flags != wanted) e2e_fail("descriptor %d has flags %d, not %d", fd, flags, wanted);
  }
  EXPECT_EQ(open("/dev/null", O_RDONLY), null);  // The lowest free one is as before.
  return e2e_ok();
}
