// Private and shared memory in 2 MiB pages.
#include "tests/e2e/programs/e2e.h"

enum { kHuge = 2 << 20 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int flags = MAP_ANONYMOUS | MAP_HUGETLB | 21 << 26;
  char* private = mmap(NULL, 2 * kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, -1, 0);
  char* shared = mmap(NULL, kHuge, PROT_READ | PROT_WRITE, MAP_SHARED | flags, -1, 0);
  if (private == MAP_FAILED || shared == MAP_FAILED)
    e2e_skip("no huge pages are reserved (vm.nr_hugepages)");
  e2e_fill(private, kHuge, 1);
  e2e_fill(shared, kHuge, 2);
  e2e_ready_and_wait();
  e2e_check_fill(private, kHuge, 1);
  e2e_check_fill(shared, kHuge, 2);
  EXPECT_EQ(private[kHuge + 5], 0);
  EXPECT(e2e_has_vm_flag(private, "ht") && e2e_has_vm_flag(shared, "ht") &&
         e2e_has_vm_flag(shared, "sh"));
  return e2e_ok();
}
