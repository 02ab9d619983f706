// Instances of io_uring with completions that nobody has taken and entries that nobody has submitted; the program's own
// idea of where it is stays right.
#include "tests/e2e/programs/io_uring.h"

static void begin(struct uring* ring, int count) {
  uring_nothings(ring, 1000, count);
  for (uint64_t i = 0; i < 3; ++i) uring_prepare(ring, URING_NOP, -1, NULL, 0, 0, 1 + i);
  uring_enter(ring, 3, 3);
  uring_prepare(ring, URING_NOP, -1, NULL, 0, 0, 4);
  uring_prepare(ring, URING_NOP, -1, NULL, 0, 0, 5);
}

static void finish(struct uring* ring, int count) {
  const uint32_t entries = ring->params.sq_entries;
  EXPECT_EQ(*uring_at(ring, ring->params.sq_off.head), count + 3);
  EXPECT_EQ(*uring_at(ring, ring->params.sq_off.tail), count + 5);
  EXPECT_EQ(*uring_at(ring, ring->params.cq_off.head), count);
  EXPECT_EQ(*uring_at(ring, ring->params.cq_off.tail), count + 3);
  EXPECT_EQ(*uring_at(ring, ring->params.sq_off.ring_entries), entries);
  EXPECT_EQ(*uring_at(ring, ring->params.sq_off.dropped), 0);
  uring_take(ring, 1, 0);
  uring_enter(ring, 2, 4);
  for (uint64_t i = 2; i <= 5; ++i) uring_take(ring, i, 0);
  EXPECT_EQ(uring_waiting(ring), 0);
  uring_nothings(ring, 5000, 50);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct uring rings[4];
  static const int kCounts[4] = {0, 7, 1234, 1234};
  for (int i = 0; i < 4; ++i) {
    uring_make(&rings[i], i == 0 ? 4 : 8, 0);
    begin(&rings[i], kCounts[i]);
  }
  struct uring fresh[2];
  for (int i = 0; i < 2; ++i) uring_make(&fresh[i], 16, 0);
  e2e_ready_and_wait();
  for (int i = 0; i < 4; ++i) finish(&rings[i], kCounts[i]);
  for (int i = 0; i < 2; ++i) uring_nothings(&fresh[i], 1, 40);
  return e2e_ok();
}
