#include "supervisor/kernel/pagemap.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "protocols/page_map.h"
#include "supervisor/base/scoped_fd.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13, include/uapi/asm-generic/mman-common.h.
#endif

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;

constexpr size_t kPage = 4096;
constexpr size_t kHuge = size_t{2} << 20;

// Own memory, whose page tables are looked at with both methods.
class PagemapTest : public ::testing::TestWithParam<Pagemap::Method> {
 protected:
  ~PagemapTest() override {
    if (memory_ != nullptr) munmap(memory_, bytes_);
  }

  bool Supported() const { return Pagemap::OpenWith(getpid(), GetParam()).has_value(); }

  char* Map(size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1) {
    bytes_ = bytes;
    memory_ = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0));
    EXPECT_NE(memory_, MAP_FAILED);
    (void)madvise(memory_, bytes, MADV_NOHUGEPAGE);
    return memory_;
  }

  PageRuns Find(bool file_backed = false) {
    PageRuns runs;
    auto pagemap = Pagemap::OpenWith(getpid(), GetParam());
    EXPECT_THAT(pagemap, IsOk());
    const auto start = reinterpret_cast<uint64_t>(memory_);
    EXPECT_THAT(pagemap.value()->Find(start, start + bytes_, file_backed, runs), IsOk());
    return runs;
  }

  // "2+1,5+3": page numbers within the mapping, and counts.
  std::string Pages(const std::vector<PageRun>& runs) const {
    std::string text;
    for (const PageRun& run : runs) {
      const uint64_t page = (run.address - reinterpret_cast<uint64_t>(memory_)) / kPage;
      text += StrCat(text.empty() ? "" : ",", page, "+", run.pages);
    }
    return text;
  }

  char* memory_ = nullptr;
  size_t bytes_ = 0;
};

// "Anonymous:" of smaps; the zero page does not count.
int AnonymousKilobytesAt(const char* memory) {
  std::ifstream smaps("/proc/self/smaps");
  const std::string begin = StrCat(Hex(reinterpret_cast<uint64_t>(memory)), "-").substr(2);
  bool found = false;
  for (std::string line; std::getline(smaps, line);) {
    found = found || line.starts_with(begin);
    int kilobytes = 0;
    if (found && std::sscanf(line.c_str(), "Anonymous: %d kB", &kilobytes) == 1) return kilobytes;
  }
  return -1;
}

INSTANTIATE_TEST_SUITE_P(Methods, PagemapTest,
                         ::testing::Values(Pagemap::Method::kScan, Pagemap::Method::kRead),
                         [](const auto& method) {
                           return method.param == Pagemap::Method::kScan ? "Scan" : "Read";
                         });

#define REQUIRE_METHOD() \
  if (!Supported()) GTEST_SKIP() << "this kernel has no PAGEMAP_SCAN"

TEST_P(PagemapTest, UntouchedMemoryHasNothing) {
  REQUIRE_METHOD();
  Map(100 * kPage);
  EXPECT_EQ(Pages(Find().save), "");
}

TEST_P(PagemapTest, TouchedPages) {
  REQUIRE_METHOD();
  char* memory = Map(100 * kPage);
  for (const int page : {0, 5, 6, 7, 99}) memory[page * kPage] = 1;
  const PageRuns runs = Find();
  EXPECT_EQ(Pages(runs.save), "0+1,5+3,99+1");
  for (const PageRun& run : runs.save) EXPECT_EQ(run.flags, 0u);
  EXPECT_TRUE(runs.guards.empty());
}

TEST_P(PagemapTest, MoreRunsThanOneCallReturns) {
  REQUIRE_METHOD();
  constexpr size_t kPages = 20000;
  char* memory = Map(kPages * kPage);
  for (size_t page = 0; page < kPages; page += 2) memory[page * kPage] = 1;
  EXPECT_EQ(Find().save.size(), kPages / 2);
}

TEST_P(PagemapTest, ReadingMapsTheZeroPage) {
  REQUIRE_METHOD();
  char* memory = Map(10 * kPage);
  const volatile char* read = memory;
  (void)read[3 * kPage];
  memory[7 * kPage] = 1;
  if (AnonymousKilobytesAt(memory) != 4) GTEST_SKIP() << "what is read gets a page of its own here";
  // Only the ioctl tells it from others.
  EXPECT_EQ(Pages(Find().save), GetParam() == Pagemap::Method::kScan ? "7+1" : "3+1,7+1");
}

TEST_P(PagemapTest, PrivateFileMappingHasItsWrittenPages) {
  REQUIRE_METHOD();
  const ScopedFd file(memfd_create("file", 0));
  const std::string contents(16 * kPage, 'x');
  ASSERT_EQ(write(file.get(), contents.data(), contents.size()),
            static_cast<ssize_t>(contents.size()));
  char* memory = Map(16 * kPage, MAP_PRIVATE, file.get());
  unsigned sum = 0;
  for (size_t at = 0; at < bytes_; at += kPage) sum += static_cast<unsigned char>(memory[at]);
  EXPECT_EQ(sum, 16u * 'x');
  memory[2 * kPage] = 'y';
  memory[3 * kPage] = 'y';
  memory[15 * kPage] = 0;
  const PageRuns runs = Find(true);
  EXPECT_EQ(Pages(runs.save), "2+2,15+1");
  EXPECT_EQ(runs.save[0].flags, protocol::kPageExtentFileBacked);
}

TEST_P(PagemapTest, PagesSharedWithAChildAreListed) {
  REQUIRE_METHOD();
  char* memory = Map(8 * kPage);
  memory[2 * kPage] = 1;
  const ForkedTracee child;
  EXPECT_EQ(Pages(Find().save), "2+1");
}

TEST_P(PagemapTest, HugePages) {
  REQUIRE_METHOD();
  char* memory = Map(3 * kHuge);
  char* huge =
      reinterpret_cast<char*>((reinterpret_cast<uint64_t>(memory) + kHuge - 1) & ~(kHuge - 1));
  ASSERT_EQ(madvise(huge, kHuge, MADV_HUGEPAGE), 0);
  *huge = 1;
  huge[kHuge] = 1;
  const PageRuns runs = Find();
  uint64_t pages = 0;
  for (const PageRun& run : runs.save) pages += run.pages;
  if (pages == 2) GTEST_SKIP() << "no huge page was to be had";
  EXPECT_EQ(pages, kHuge / kPage + 1);
  if (GetParam() == Pagemap::Method::kScan) {
    ASSERT_EQ(runs.save.size(), 2u);
    EXPECT_EQ(runs.save[0].flags, protocol::kPageExtentHuge);
    EXPECT_EQ(runs.save[1].flags, 0u);
  }
}

TEST_P(PagemapTest, GuardRegions) {
  REQUIRE_METHOD();
  char* memory = Map(16 * kPage);
  std::memset(memory, 1, bytes_);
  if (madvise(memory + 4 * kPage, 2 * kPage, MADV_GUARD_INSTALL) != 0)
    GTEST_SKIP() << "this kernel has no guard regions";
  if (!Pagemap::OpenWith(getpid(), GetParam()).value()->knows_guards())
    GTEST_SKIP() << "this kernel does not report guard regions";
  const PageRuns runs = Find();
  EXPECT_EQ(Pages(runs.save), "0+4,6+10");
  EXPECT_EQ(Pages(runs.guards), "4+2");
}

TEST_P(PagemapTest, ProcessThatIsGone) {
  REQUIRE_METHOD();
  std::unique_ptr<Pagemap> pagemap;
  {
    const ForkedTracee child;
    pagemap = std::move(Pagemap::OpenWith(child.pid(), GetParam())).value();
  }
  PageRuns runs;
  const auto here = reinterpret_cast<uint64_t>(this) & ~(kPage - 1);
  const Status status = pagemap->Find(here, here + kPage, false, runs);
  // The open file keeps the address space's frame, not its pages.
  if (status.has_value()) {
    EXPECT_TRUE(runs.save.empty());
  } else {
    EXPECT_THAT(status, FailsWith(ErrorCode::kTraceeGone, ""));
  }
}

TEST(Pagemap, NoSuchProcess) {
  EXPECT_THAT(Pagemap::Open(INT32_MAX), FailsWith(ErrorCode::kTraceeGone, "is gone"));
}

}  // namespace
}  // namespace tardigrade
