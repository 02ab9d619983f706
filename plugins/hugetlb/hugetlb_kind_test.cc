#include "plugins/hugetlb/hugetlb_kind.h"

#include <gtest/gtest.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <string>

#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::hugetlb {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class HugetlbKindTest : public ::testing::Test {
 protected:
  ~HugetlbKindTest() override {
    if (address_ != MAP_FAILED) munmap(address_, kPageBytes);
  }
  // What maps shows of a mapping of pages of the size that `size_flag` names; false if there are
  // none here.
  bool Map(int size_flag, size_t size) {
    address_ = mmap(nullptr, size, PROT_NONE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | size_flag | MAP_NORESERVE, -1, 0);
    if (address_ == MAP_FAILED) return false;
    char start[32];
    std::snprintf(start, sizeof(start), "%lx-", reinterpret_cast<unsigned long>(address_));
    const std::string maps = ReadFile("/proc/self/maps").value();
    unsigned device_major = 0, device_minor = 0;
    std::sscanf(maps.c_str() + maps.find(start), "%*x-%*x %*s %*x %x:%x", &device_major,
                &device_minor);
    mapping_.start = reinterpret_cast<uint64_t>(address_);
    mapping_.end = mapping_.start + size;
    mapping_.shared = true;
    mapping_.dev = makedev(device_major, device_minor);
    mapping_.inode = 77;
    mapping_.path = "/anon_hugepage";
    mapping_.deleted = true;
    return true;
  }

  HugetlbKind kind_;
  FakeContexts contexts_;
  MemoryMapping mapping_;
  void* address_ = MAP_FAILED;
};

TEST_F(HugetlbKindTest, PagesOfTwoMiBAreSaved) {
  if (!Map(MAP_HUGE_2MB, kPageBytes)) GTEST_SKIP() << "no huge pages here";
  EXPECT_TRUE(kind_.Claims(mapping_));
  EXPECT_THAT(kind_.Check(1, mapping_), IsOk());
  const Result<MappingState> shared = kind_.Collect(1, mapping_, contexts_);
  ASSERT_THAT(shared, IsOk());
  EXPECT_EQ(shared.value().pages, PagePolicy::kSharedAnonymous);
  mapping_.shared = false;
  EXPECT_EQ(kind_.Collect(1, mapping_, contexts_).value().pages, PagePolicy::kPrivate);
  const Result<std::optional<ScopedFd>> backing =
      kind_.OpenBacking(shared.value().state, contexts_.create());
  ASSERT_THAT(backing, IsOk());
  EXPECT_FALSE(backing.value().has_value());
  mapping_.dev += 1;
  EXPECT_THAT(kind_.Check(1, mapping_), FailsWith(ErrorCode::kUnsupported, "not of 2 MiB"));
}

TEST_F(HugetlbKindTest, MalformedImagesAreRejected) {
  HugetlbState state;
  state.page_bytes = 1 << 30;
  EXPECT_THAT(kind_.OpenBacking(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "hugetlb.page_bytes"));
}

}  // namespace
}  // namespace tardigrade::hugetlb
