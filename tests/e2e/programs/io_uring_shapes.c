// Entries and completions of twice the size, and submission without an array of indices.
#include "tests/e2e/programs/io_uring.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  enum { kCount = 7 };
  static const uint32_t kFlags[kCount] = {URING_SQE128, URING_CQE32, URING_SQE128 | URING_CQE32, URING_NO_SQARRAY, URING_NO_SQARRAY | URING_CQE32,
                                          URING_SQE128, URING_NO_SQARRAY | URING_SQE128};
  struct uring rings[kCount];
  int made[kCount];
  for (int i = 0; i < kCount; ++i) {
    made[i] = uring_try(&rings[i], i % 2 == 0 && i < 5 ? 8 : 128, kFlags[i]);
    if (!made[i]) continue;
    uring_nothings(&rings[i], 1, 300 + i);
    uring_prepare(&rings[i], URING_NOP, -1, NULL, 0, 0, 77);
    uring_enter(&rings[i], 1, 1);
  }
  if (!made[0] && !made[1]) e2e_skip("the kernel has none of these");
  e2e_ready_and_wait();
  for (int i = 0; i < kCount; ++i) {
    if (!made[i]) continue;
    EXPECT_EQ(*uring_at(&rings[i], rings[i].params.sq_off.head), 301 + i);
    uring_take(&rings[i], 77, 0);
    uring_nothings(&rings[i], 1, 300);
  }
  return e2e_ok();
}
