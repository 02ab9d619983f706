// A limit of addresses that leaves no room for a visit.
#include <sys/resource.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  unsigned long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  EXPECT(file != NULL && fscanf(file, "%lu", &pages) == 1);
  fclose(file);
  struct rlimit limit = {pages * 4096, RLIM_INFINITY};
  EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  e2e_ready_and_wait();
  return e2e_ok();
}
