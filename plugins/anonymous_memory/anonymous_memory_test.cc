#include <gtest/gtest.h>

#include "plugins/anonymous_memory/anonymous_memory_kind.h"
#include "plugins/anonymous_memory/shared_anonymous_kind.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::anonymous_memory {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

MemoryMapping Mapping(const std::string& path, bool shared = false) {
  MemoryMapping mapping;
  mapping.start = 0x10000;
  mapping.end = 0x20000;
  mapping.shared = shared;
  mapping.path = path;
  return mapping;
}

MemoryMapping SharedMemory() {
  MemoryMapping mapping = Mapping("/dev/zero", true);
  mapping.dev = 1;
  mapping.inode = 1027;
  mapping.deleted = true;
  return mapping;
}

TEST(AnonymousMemoryKind, ClaimsWhatIsPrivateAndHasNoFile) {
  const AnonymousMemoryKind kind;
  for (const char* path : {"", "[heap]", "[stack]", "[anon:a name]", "/dev/zero"})
    EXPECT_TRUE(kind.Claims(Mapping(path))) << path;
  for (const char* path :
       {"[vdso]", "[vvar]", "[vsyscall]", "[uprobes]", "[new thing]", "/lib/x.so"})
    EXPECT_FALSE(kind.Claims(Mapping(path))) << path;
  EXPECT_FALSE(kind.Claims(SharedMemory()));
}

TEST(AnonymousMemoryKind, SavesPrivatePagesAndNeedsNoFile) {
  const AnonymousMemoryKind kind;
  FakeContexts contexts;
  const Result<MappingState> state = kind.Collect(1, Mapping("[heap]"), contexts);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state.value().pages, PagePolicy::kPrivate);
  const Result<std::optional<ScopedFd>> backing =
      kind.OpenBacking(state.value().state, contexts.create());
  ASSERT_THAT(backing, IsOk());
  EXPECT_FALSE(backing.value().has_value());
  EXPECT_THAT(kind.OpenBacking(Value(7), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "anonymous"));
}

TEST(SharedAnonymousKind, SavesTheWholeObjectAndNamesIt) {
  const SharedAnonymousKind kind;
  FakeContexts contexts;
  EXPECT_TRUE(kind.Claims(SharedMemory()));
  EXPECT_TRUE(kind.Claims(Mapping("[anon_shmem:a name]", true)));
  EXPECT_FALSE(kind.Claims(Mapping("/dev/zero")));
  EXPECT_FALSE(kind.Claims(Mapping("/SYSV00000000", true)));
  const Result<MappingState> state = kind.Collect(1, SharedMemory(), contexts);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state.value().pages, PagePolicy::kSharedAnonymous);
  EXPECT_EQ(Decode<SharedAnonymousState>(state.value().state, "").value().object, "inode:1:1027");
  EXPECT_THAT(kind.OpenBacking(state.value().state, contexts.create()), IsOk());
  EXPECT_THAT(kind.OpenBacking(Encode(SharedAnonymousState()), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "shared_anonymous.object"));
}

}  // namespace
}  // namespace tardigrade::anonymous_memory
