#include "plugins/kernel_mapping/kernel_mapping_kind.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::kernel_mapping {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

TEST(KernelMappingKind, ClaimsWhatTheKernelMapsAndSavesNoPages) {
  const KernelMappingKind kind;
  FakeContexts contexts;
  MemoryMapping mapping;
  for (const char* path : {"[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]"}) {
    mapping.path = path;
    EXPECT_TRUE(kind.Claims(mapping)) << path;
  }
  const Result<MappingState> state = kind.Collect(1, mapping, contexts);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state.value().pages, PagePolicy::kNone);
  EXPECT_THAT(kind.OpenBacking(state.value().state, contexts.create()), IsOk());
  mapping.path = "[heap]";
  EXPECT_FALSE(kind.Claims(mapping));
}

TEST(KernelMappingKind, MalformedImagesAreRejected) {
  FakeContexts contexts;
  EXPECT_THAT(KernelMappingKind().OpenBacking(Value("x"), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "kernel_mapping"));
}

}  // namespace
}  // namespace tardigrade::kernel_mapping
