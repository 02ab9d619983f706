#include "supervisor/checkpoint/protection_keys.h"

#include <sys/syscall.h>

#include <cerrno>

namespace tardigrade {
namespace {

constexpr uint32_t kKeys = 16;
// In the kernel's half: there is never a mapping of the process.
constexpr uint64_t kNowhere = 0xffff'8000'0000'0000;
constexpr uint64_t kPageBytes = 4096;

}  // namespace

size_t AddProtectionKeyQueries(SyscallPlan& plan) {
  const size_t first = plan.size();
  // mm/mprotect.c, do_mprotect_pkey(): a key that is not allocated is EINVAL, and only then a range
  // without a mapping is ENOMEM.
  for (uint32_t key = 1; key < kKeys; ++key)
    plan.Ask(StrCat("asking for protection key ", key), SYS_pkey_mprotect,
             {kNowhere, kPageBytes, 0, key});
  return first;
}

uint32_t AllocatedProtectionKeys(const Outcome& answers, size_t first) {
  uint32_t allocated = 0;
  for (uint32_t key = 1; key < kKeys; ++key) {
    if (answers.result(first + key - 1) == -ENOMEM) allocated |= 1u << key;
  }
  return allocated;
}

}  // namespace tardigrade
