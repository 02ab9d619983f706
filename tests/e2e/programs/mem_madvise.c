// madvise's lasting advice: huge pages, dumping, merging, access pattern.
#include "tests/e2e/programs/e2e.h"

static const struct {
  int advice;
  const char* flag;
} kAdvice[] = {
    {MADV_HUGEPAGE, "hg"},  {MADV_NOHUGEPAGE, "nh"}, {MADV_DONTDUMP, "dd"},
    {MADV_MERGEABLE, "mg"}, {MADV_SEQUENTIAL, "sr"}, {MADV_RANDOM, "rr"},
};
enum { kKinds = sizeof kAdvice / sizeof kAdvice[0], kBytes = 4 << 20 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* areas[kKinds];
  int made[kKinds];
  for (int i = 0; i < kKinds; ++i) {
    // Readable or writable by turns, so that neighbours do not become one.
    areas[i] = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(areas[i] != MAP_FAILED);
    made[i] = madvise(areas[i], kBytes, kAdvice[i].advice) == 0;
    EXPECT(made[i] || errno == EINVAL);  // Not configured in this kernel.
    e2e_fill(areas[i], kBytes / 8, i);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < kKinds; ++i) {
    e2e_check_fill(areas[i], kBytes / 8, i);
    for (int j = 0; j < kKinds; ++j) {
      int has = e2e_has_vm_flag(areas[i], kAdvice[j].flag);
      if (has != (i == j && made[i]))
        e2e_fail("area %s: flag %s is %d", kAdvice[i].flag, kAdvice[j].flag, has);
    }
  }
  return e2e_ok();
}
