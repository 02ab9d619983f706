#include "supervisor/kernel/vm_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;

// Linux 6.1.
constexpr std::string_view kHeap =
    "55d0c9f5c000-55d0c9f7d000 rw-p 00000000 00:00 0                          [heap]\n"
    "Size:                132 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
    "Rss:                  12 kB\nPss:                  12 kB\nPss_Dirty:            12 kB\n"
    "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
    "Private_Dirty:        12 kB\nReferenced:           12 kB\nAnonymous:            12 kB\n"
    "LazyFree:              0 kB\nAnonHugePages:         0 kB\nShmemPmdMapped:        0 kB\n"
    "FilePmdMapped:         0 kB\nShared_Hugetlb:        0 kB\nPrivate_Hugetlb:       0 kB\n"
    "Swap:                  8 kB\nSwapPss:               8 kB\nLocked:                0 kB\n"
    "THPeligible:    0\nVmFlags: rd wr mr mw me ac sd \n";

// Linux 6.18 with protection keys.
constexpr std::string_view kKeyed =
    "7f0e2ba00000-7f0e2be00000 ---p 00000000 00:00 0                          [anon:pool: A]\n"
    "Size:               4096 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
    "Rss:                4096 kB\nKSM:                   0 kB\nAnonymous:          4096 kB\n"
    "AnonHugePages:      2048 kB\nSwap:                  0 kB\nLocked:             4096 kB\n"
    "THPeligible:           1\nProtectionKey:         3\nVmFlags: mr mw me lo ac hg gu \n";

TEST(ParseSmaps, Heap) {
  const Result<std::vector<VmaDetails>> parsed = ParseSmaps(kHeap);
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed.value().size(), 1u);
  const VmaDetails& heap = parsed.value()[0];
  EXPECT_EQ(heap.start, 0x55d0c9f5c000u);
  EXPECT_EQ(heap.end, 0x55d0c9f7d000u);
  EXPECT_THAT(heap.vm_flags, ElementsAre("ac", "me", "mr", "mw", "rd", "sd", "wr"));
  EXPECT_EQ(heap.rss_kb, 12u);
  EXPECT_EQ(heap.swap_kb, 8u);
  EXPECT_EQ(heap.kernel_page_kb, 4u);
  EXPECT_EQ(heap.protection_key, 0);
  EXPECT_TRUE(heap.HasFlag("rd"));
  EXPECT_FALSE(heap.HasFlag("ht"));
}

TEST(ParseSmaps, SeveralWithKeysAndNames) {
  const auto parsed = ParseSmaps(StrCat(kHeap, kKeyed, kHeap));
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed.value().size(), 3u);
  const VmaDetails& keyed = parsed.value()[1];
  EXPECT_EQ(keyed.protection_key, 3);
  EXPECT_EQ(keyed.anon_huge_kb, 2048u);
  EXPECT_EQ(keyed.locked_kb, 4096u);
  EXPECT_TRUE(keyed.HasFlag("gu"));
  EXPECT_EQ(parsed.value()[2], parsed.value()[0]);
}

TEST(ParseSmaps, RefusesWhatItCannotRead) {
  for (const char* text :
       {"\n", "Rss: 1 kB\n", "1000-2000 rw-p 0 0:0 0\n", "1000-2000 rw-p\nRss: x kB\nVmFlags: rd\n",
        "1000-2000 rw-p\nRss: 1 MB\nVmFlags: rd\n", "1000-2000 rw-p\nVmFlags: rdwr\n",
        "1000-2000 rw-p\nRss: 1 kB\n3000-4000 rw-p\nVmFlags: rd\n", "2000-1000 rw-p\nVmFlags: rd\n",
        "1000-2000 rw-p\nNothing\nVmFlags: rd\n"})
    EXPECT_THAT(ParseSmaps(text), FailsWith(ErrorCode::kInternal, "smaps")) << text;
}

TEST(ParseSmaps, OwnProcess) {
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_EQ(madvise(memory, 4096, MADV_DONTFORK), 0);
  const auto own = ParseSmaps(ReadFile("/proc/self/smaps").value());
  ASSERT_THAT(own, IsOk());
  bool found = false;
  for (const VmaDetails& vma : own.value()) {
    if (vma.start != reinterpret_cast<uint64_t>(memory)) continue;
    found = true;
    EXPECT_TRUE(vma.HasFlag("dc"));
  }
  EXPECT_TRUE(found);
  munmap(memory, 4096);
}

}  // namespace
}  // namespace tardigrade
