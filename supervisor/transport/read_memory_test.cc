#include "supervisor/transport/read_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "protocols/page_map.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::ImageFixture;
using ::tardigrade::testing::IsOk;

constexpr size_t kPage = 4096;
constexpr size_t kPages = 5000;

// Memory that a forked child inherits, saved from the child and compared with our own.
class SaveMemoryTest : public ImageFixture {
 protected:
  SaveMemoryTest() {
    memory_ = static_cast<std::byte*>(
        mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    (void)madvise(memory_, kPages * kPage, MADV_NOHUGEPAGE);
    const std::vector<std::byte> random = testing::RandomBytes(kPages * kPage);
    std::memcpy(memory_, random.data(), random.size());
  }
  ~SaveMemoryTest() override { munmap(memory_, kPages * kPage); }

  PageRun Run(size_t page, size_t pages, uint32_t flags = 0) const {
    return {.address = reinterpret_cast<uint64_t>(memory_) + page * kPage,
            .pages = pages,
            .flags = flags};
  }

  Status Save(pid_t pid, const std::vector<PageRun>& runs) {
    ASSIGN_OR_RETURN(const auto writer, ImageWriter::Create(dir(), true));
    RETURN_IF_ERROR(writer->WriteDocument("process-7.json", Value(1)));
    ASSIGN_OR_RETURN(const auto pages, writer->CreatePages("7"));
    Progress progress;
    RETURN_IF_ERROR(SaveMemory(pid, runs, ReadHow::kPinning, *pages, progress));
    RETURN_IF_ERROR(pages->Close());
    return writer->Commit(ExampleManifest());
  }

  // What the image has of our memory, page by page; empty where it has none.
  void ExpectSaved(const std::vector<PageRun>& runs) {
    const auto image = ImageReader::Open(dir());
    ASSERT_THAT(image, IsOk());
    ASSERT_THAT(image.value()->Verify(), IsOk());
    const auto opened = image.value()->OpenPages("pages-7.bin", "pagemap-7.bin");
    ASSERT_THAT(opened, IsOk());
    const PageFileReader& pages = *opened.value();
    std::vector<PageRun> saved;
    for (const PageExtent& extent : pages.extents()) {
      // Neighbours may lie in the file in any order.
      const bool meets = !saved.empty() && saved.back().flags == extent.flags &&
                         saved.back().address + saved.back().pages * kPage == extent.address;
      if (meets) {
        saved.back().pages += extent.pages;
      } else {
        saved.push_back({.address = extent.address, .pages = extent.pages, .flags = extent.flags});
      }
      std::vector<std::byte> bytes(extent.pages * kPage);
      ASSERT_THAT(PreadAll(pages.fd(), bytes, extent.file_offset), IsOk());
      EXPECT_EQ(std::memcmp(bytes.data(), reinterpret_cast<void*>(extent.address), bytes.size()),
                0);
    }
    EXPECT_EQ(saved, runs);
  }

  std::byte* memory_ = nullptr;
};

TEST_F(SaveMemoryTest, ManyBuffers) {
  const ForkedTracee tracee;
  ASSERT_THAT(Save(tracee.pid(), {Run(0, kPages)}), IsOk());
  ExpectSaved({Run(0, kPages)});
}

TEST_F(SaveMemoryTest, ManySmallRuns) {
  const ForkedTracee tracee;
  std::vector<PageRun> runs;
  for (size_t page = 0; page + 1 < kPages; page += 2) runs.push_back(Run(page, 1));
  ASSERT_THAT(Save(tracee.pid(), runs), IsOk());
  ExpectSaved(runs);
}

TEST_F(SaveMemoryTest, NeighboursBecomeOneExtent) {
  const ForkedTracee tracee;
  ASSERT_THAT(Save(tracee.pid(), {Run(10, 1), Run(11, 3), Run(14, 1, protocol::kPageExtentHuge)}),
              IsOk());
  ExpectSaved({Run(10, 4), Run(14, 1, protocol::kPageExtentHuge)});
}

TEST_F(SaveMemoryTest, ZeroesAreLeftOutOfAnonymousMemoryOnly) {
  std::memset(memory_ + 100 * kPage, 0, 700 * kPage);
  memory_[200 * kPage - 1] = std::byte{1};
  const ForkedTracee tracee;
  ASSERT_THAT(Save(tracee.pid(), {Run(0, 1000)}), IsOk());
  ExpectSaved({Run(0, 100), Run(199, 1), Run(800, 200)});
  const PageRun file = Run(0, 1000, protocol::kPageExtentFileBacked);
  ASSERT_THAT(Save(tracee.pid(), {file}), IsOk());
  ExpectSaved({file});
}

TEST_F(SaveMemoryTest, MemoryWithoutAccess) {
  const ForkedTracee tracee([this] {
    mprotect(memory_ + 3 * kPage, 2 * kPage, PROT_NONE);
    mprotect(memory_ + 1000 * kPage, 1000 * kPage, PROT_NONE);
    mprotect(memory_ + 4000 * kPage, kPage, PROT_WRITE);
    mprotect(memory_ + 4999 * kPage, kPage, PROT_NONE);
  });
  ASSERT_THAT(Save(tracee.pid(), {Run(0, kPages)}), IsOk());
  ExpectSaved({Run(0, kPages)});
  ASSERT_THAT(Save(tracee.pid(), {Run(2, 1), Run(3, 2), Run(5, 1), Run(1500, 3), Run(4999, 1)}),
              IsOk());
  ExpectSaved({Run(2, 4), Run(1500, 3), Run(4999, 1)});
}

TEST_F(SaveMemoryTest, OutOfOrderIsSorted) {
  const ForkedTracee tracee;
  ASSERT_THAT(Save(tracee.pid(), {Run(2000, 100), Run(10, 100)}), IsOk());
  ExpectSaved({Run(10, 100), Run(2000, 100)});
}

TEST_F(SaveMemoryTest, SavingTwiceIsRefused) {
  const ForkedTracee tracee;
  EXPECT_THAT(Save(tracee.pid(), {Run(10, 10), Run(15, 1)}),
              FailsWith(ErrorCode::kInternal, "was saved twice"));
}

TEST_F(SaveMemoryTest, MissingMemoryIsAnErrorWithItsAddress) {
  const ForkedTracee tracee([this] { munmap(memory_ + 20 * kPage, kPage); });
  EXPECT_THAT(Save(tracee.pid(), {Run(0, 100)}),
              FailsWith(ErrorCode::kSystem, StrCat(Hex(Run(20, 1).address))));
}

TEST_F(SaveMemoryTest, ProcessThatIsGone) {
  pid_t pid = -1;
  {
    const ForkedTracee tracee;
    pid = tracee.pid();
  }
  EXPECT_THAT(Save(pid, {Run(0, 100)}), FailsWith(ErrorCode::kTraceeGone, "is gone"));
}

}  // namespace
}  // namespace tardigrade
