// eventfd: its count, semaphore mode, flags.
#include <sys/eventfd.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int plain = eventfd(7, EFD_CLOEXEC | EFD_NONBLOCK),
      semaphore = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
  int full = eventfd(0, EFD_NONBLOCK);
  uint64_t value = 0xfffffffffffffffe;
  EXPECT_EQ(write(full, &value, 8), 8);
  e2e_ready_and_wait();
  EXPECT(read(plain, &value, 8) == 8 && value == 7);
  EXPECT(read(plain, &value, 8) == -1 && errno == EAGAIN);
  for (int i = 0; i < 3; ++i) EXPECT(read(semaphore, &value, 8) == 8 && value == 1);
  EXPECT(read(semaphore, &value, 8) == -1 && errno == EAGAIN);
  value = 1;
  EXPECT(write(full, &value, 8) == -1 && errno == EAGAIN);
  EXPECT(read(full, &value, 8) == 8 && value == 0xfffffffffffffffe);
  EXPECT_EQ(fcntl(plain, F_GETFD), FD_CLOEXEC);
  return e2e_ok();
}
