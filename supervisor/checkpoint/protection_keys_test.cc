#include "supervisor/checkpoint/protection_keys.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/testing/run_here.h"

namespace tardigrade {
namespace {

uint32_t Ask() {
  SyscallPlan plan;
  plan.Ask("something before", 0xffff, {});
  const size_t first = AddProtectionKeyQueries(plan);
  return AllocatedProtectionKeys(testing::RunHere(plan), first);
}

TEST(ProtectionKeys, AreSeenAndLeftAlone) {
  EXPECT_EQ(Ask(), 0u);
  const int low = pkey_alloc(0, 0), high = pkey_alloc(0, PKEY_DISABLE_WRITE);
  if (low < 0) GTEST_SKIP() << "no protection keys here";
  EXPECT_EQ(Ask(), 1u << low | 1u << high);
  ASSERT_EQ(pkey_free(low), 0);
  EXPECT_EQ(Ask(), 1u << high);
  EXPECT_EQ(pkey_get(high), PKEY_DISABLE_WRITE);
  EXPECT_EQ(pkey_alloc(0, 0), low);
}

}  // namespace
}  // namespace tardigrade
