// A file that signals a process outside of the job.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(fcntl(ends[0], F_SETOWN, getppid()), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(fcntl(ends[0], F_GETOWN), getppid());
  return e2e_ok();
}
