// malloc's heap, small and large blocks, goes on working.
#include "tests/e2e/programs/e2e.h"

enum { kBlocks = 3000 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char* blocks[kBlocks];
  static size_t sizes[kBlocks];
  for (int i = 0; i < kBlocks; ++i) {
    sizes[i] = i % 100 == 0 ? 300000 : 16 + i * 37 % 3000;
    EXPECT((blocks[i] = malloc(sizes[i])) != NULL);
    e2e_fill(blocks[i], sizes[i], i);
  }
  for (int i = 0; i < kBlocks; i += 2) {
    free(blocks[i]);
    blocks[i] = NULL;
  }
  e2e_ready_and_wait();
  for (int i = 1; i < kBlocks; i += 2) e2e_check_fill(blocks[i], sizes[i], i);
  for (int i = 0; i < kBlocks; i += 2) {
    EXPECT((blocks[i] = malloc(sizes[i])) != NULL);
    e2e_fill(blocks[i], sizes[i], i);
  }
  for (int i = 0; i < kBlocks; ++i) {
    e2e_check_fill(blocks[i], sizes[i], i);
    free(blocks[i]);
  }
  return e2e_ok();
}
