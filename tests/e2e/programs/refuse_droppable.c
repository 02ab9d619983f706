// Memory that the kernel may drop.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* memory =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, 0x08 /* MAP_DROPPABLE */ | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) e2e_skip("no droppable memory before Linux 6.11");
  memory[0] = 1;
  e2e_ready_and_wait();
  memory[0] = 2;
  return e2e_ok();
}
