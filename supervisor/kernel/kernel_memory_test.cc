#include "supervisor/kernel/kernel_memory.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

TEST(KernelMemory, ReadsWhatAnOwnFileHas) {
  const Result<KernelMemory> memory = KernelMemory::Open();
  if (!memory.has_value()) GTEST_SKIP() << memory.error().ToString();
  const ScopedFd fd(eventfd(4711, 0));
  const Result<uint64_t> context = memory.value().PrivateDataOf(fd.get());
  ASSERT_THAT(context, IsOk());
  const Result<uint64_t> count =
      memory.value().Member<uint64_t>(context.value(), "eventfd_ctx", "count");
  ASSERT_THAT(count, IsOk());
  EXPECT_EQ(count.value(), 4711u);
}

TEST(KernelMemory, SaysWhereNothingIs) {
  const Result<KernelMemory> memory = KernelMemory::Open();
  if (!memory.has_value()) GTEST_SKIP() << memory.error().ToString();
  EXPECT_THAT(memory.value().Read<uint64_t>(4096),
              FailsWith(ErrorCode::kSystem, "kernel's memory"));
}

}  // namespace
}  // namespace tardigrade
