// A shared mapping of a file that has lost the name it was opened by, and has another elsewhere.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("first"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  char* memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(memory != MAP_FAILED);
  close(fd);
  char elsewhere[PATH_MAX];
  EXPECT_EQ(mkdir(e2e_file("dir"), 0755), 0);
  snprintf(elsewhere, sizeof elsewhere, "%s/name", e2e_file("dir"));
  EXPECT_EQ(link(e2e_file("first"), elsewhere), 0);
  EXPECT_EQ(unlink(e2e_file("first")), 0);
  e2e_ready_and_wait();
  memory[0] = 1;
  return e2e_ok();
}
