#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/image/disk_file.h"
#include "supervisor/image/page_file_reader.h"
#include "supervisor/image/page_file_writer.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RandomBytes;

constexpr size_t kPage = 4096;

ScopedFd Duplicate(const ScopedFd& fd) { return ScopedFd(dup(fd.get())); }

class PageFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<PageFileWriter> Create() {
    return CreatePageFile(MakeDiskFile(Duplicate(pages_)), MakeDiskFile(Duplicate(pagemap_)),
                          [this](const PageFileSummary& s) { summary_ = s; });
  }

  // Two and a half frames, with a hole after each of the first three pages.
  void WriteExample() {
    const auto writer = Create();
    std::vector<std::byte> data = RandomBytes(640 * kPage);
    for (const size_t page : {1, 3, 5}) std::memset(&data[page * kPage], 0, kPage);
    for (size_t at = 0; at < data.size(); at += 128 * kPage) {
      ASSERT_THAT(writer->Write(std::span(data).subspan(at, 128 * kPage), 0x100000 + at, 0), IsOk());
    }
    ASSERT_THAT(writer->Close(), IsOk());
  }

  auto Open() { return OpenPageFile(Duplicate(pages_), pagemap_.get()); }

  // Changes the page map, looks, and changes it back.
  template <typename T>
  void Refuses(uint64_t offset, const std::function<void(T&)>& change, const char* why) {
    T before = {};
    ASSERT_THAT(PreadAll(pagemap_.get(), std::as_writable_bytes(std::span(&before, 1)), offset),
                IsOk());
    T after = before;
    change(after);
    ASSERT_THAT(PwriteAll(pagemap_.get(), std::as_bytes(std::span(&after, 1)), offset), IsOk());
    EXPECT_THAT(Open(), FailsWith(ErrorCode::kBadImage, why));
    ASSERT_THAT(PwriteAll(pagemap_.get(), std::as_bytes(std::span(&before, 1)), offset), IsOk());
  }

  const ScopedFd pages_{memfd_create("pages", MFD_CLOEXEC)};
  const ScopedFd pagemap_{memfd_create("pagemap", MFD_CLOEXEC)};
  PageFileSummary summary_;
};

TEST_F(PageFileTest, WhatWasReservedInVainIsGivenBack) {
  for (const uint64_t bytes : {uint64_t{1}, 2 * kPage + 17, 100 * kPage}) {
    ASSERT_EQ(ftruncate(pages_.get(), 0), 0);
    ASSERT_EQ(ftruncate(pagemap_.get(), 0), 0);
    const auto writer = Create();
    writer->Reserve(bytes);
    ASSERT_THAT(writer->Write(RandomBytes(10 * kPage), 0x100000, 0), IsOk());
    ASSERT_THAT(writer->Close(), IsOk());
    EXPECT_EQ(lseek(pages_.get(), 0, SEEK_END), static_cast<off_t>(10 * kPage)) << bytes;
    EXPECT_THAT(Open(), IsOk());
  }
}

TEST_F(PageFileTest, RoundTrip) {
  WriteExample();
  const auto reader = Open();
  ASSERT_THAT(reader, IsOk());
  ASSERT_EQ(reader.value()->extents().size(), 4u);
  EXPECT_EQ(reader.value()->extents()[1].address, 0x100000 + 2 * kPage);
  EXPECT_EQ(reader.value()->extents()[1].file_offset, kPage);
  EXPECT_EQ(reader.value()->extents()[3].pages, 634u);
  EXPECT_EQ(reader.value()->frame_checksums().size(), 3u);
  EXPECT_EQ(summary_.pages_bytes, 637 * kPage);
  EXPECT_THAT(VerifyFrames(*reader.value()), IsOk());
}

TEST_F(PageFileTest, NothingIsAnEmptyPageFile) {
  ASSERT_THAT(Create()->Close(), IsOk());
  const auto reader = Open();
  ASSERT_THAT(reader, IsOk());
  EXPECT_TRUE(reader.value()->extents().empty());
  EXPECT_EQ(summary_.pages_bytes, 0u);
  EXPECT_EQ(summary_.pagemap_bytes, sizeof(protocol::PageMapHeader));
}

TEST_F(PageFileTest, AllZeroIsNothing) {
  const auto writer = Create();
  const std::vector<std::byte> zeroes(256 * kPage);
  for (int i = 0; i < 50; ++i)
    ASSERT_THAT(writer->Write(zeroes, 0x100000 + i * zeroes.size(), 0), IsOk());
  ASSERT_THAT(writer->Close(), IsOk());
  EXPECT_EQ(summary_.pages_bytes, 0u);
}

TEST_F(PageFileTest, OneByteMakesAPageNonzero) {
  for (const size_t at : {size_t{0}, size_t{63}, size_t{2000}, kPage - 1}) {
    ASSERT_EQ(ftruncate(pages_.get(), 0), 0);
    const auto writer = Create();
    std::vector<std::byte> data(3 * kPage);
    data[kPage + at] = std::byte{1};
    ASSERT_THAT(writer->Write(data, 0x100000, 0), IsOk());
    ASSERT_THAT(writer->Close(), IsOk());
    EXPECT_EQ(summary_.pages_bytes, kPage);
  }
}

TEST_F(PageFileTest, MisuseIsAnError) {
  const auto writer = Create();
  const std::vector<std::byte> data(3 * kPage, std::byte{1});
  EXPECT_THAT(writer->Write(data, 0x1001, 0), FailsWith(ErrorCode::kInternal, "malformed"));
  EXPECT_THAT(writer->Write(std::span(data).first(kPage + 1), 0x1000, 0),
              FailsWith(ErrorCode::kInternal, "malformed"));
  EXPECT_THAT(writer->Write(data, 0x1000, 64), FailsWith(ErrorCode::kInternal, "malformed"));
  std::vector<PagePiece> pieces = {{0x1000, 2 * kPage, 0}, {0x8000, 2 * kPage, 0}};
  EXPECT_THAT(writer->Write(data, pieces), FailsWith(ErrorCode::kInternal, "fit the data"));
  pieces[0].bytes = 4 * kPage;
  EXPECT_THAT(writer->Write(data, pieces), FailsWith(ErrorCode::kInternal, "malformed"));
  ASSERT_THAT(writer->Close(), IsOk());
  EXPECT_THAT(writer->Close(), FailsWith(ErrorCode::kInternal, "twice"));
  EXPECT_THAT(writer->Write(data, 0x1000, 0), FailsWith(ErrorCode::kInternal, "closed"));
}

TEST_F(PageFileTest, FullDiskIsAnError) {
  const auto writer = CreatePageFile(MakeDiskFile(OpenFile("/dev/full", O_RDWR).value()), MakeDiskFile(Duplicate(pagemap_)),
                                     [](const PageFileSummary&) {});
  const std::vector<std::byte> data(kPage, std::byte{1});
  EXPECT_THAT(writer->Write(data, 0x1000, 0), FailsWith(ErrorCode::kSystem, "writing pages"));
}

// Whatever the order of the calls, each page is where the page map says.
TEST_F(PageFileTest, ManyThreadsWriteAtOnce) {
  constexpr size_t kThreads = 4, kPieces = 16, kPiecePages = 40;
  const std::vector<std::byte> data = RandomBytes(kThreads * kPieces * kPiecePages * kPage);
  const auto writer = Create();
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = 0; i < kPieces; ++i) {
        const size_t at = (i * kThreads + thread) * kPiecePages * kPage;
        EXPECT_THAT(
            writer->Write(std::span(data).subspan(at, kPiecePages * kPage), 0x100000 + at, 0),
            IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(writer->Close(), IsOk());
  const auto reader = Open();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(VerifyFrames(*reader.value()), IsOk());
  size_t pages = 0;
  for (const PageExtent& extent : reader.value()->extents()) {
    std::vector<std::byte> bytes(extent.pages * kPage);
    ASSERT_THAT(PreadAll(reader.value()->fd(), bytes, extent.file_offset), IsOk());
    EXPECT_EQ(std::memcmp(bytes.data(), &data[extent.address - 0x100000], bytes.size()), 0);
    pages += extent.pages;
  }
  EXPECT_EQ(pages * kPage, data.size());
}

TEST_F(PageFileTest, MalformedHeadersAreRefused) {
  using H = protocol::PageMapHeader;
  WriteExample();
  Refuses<H>(
      0, [](H& h) { h.magic ^= 1; }, "magic");
  Refuses<H>(
      0, [](H& h) { h.version = 1; }, "version 1; this build reads version 2");
  Refuses<H>(
      0, [](H& h) { h.page_size = 0; }, "pages of 0 bytes");
  Refuses<H>(
      0, [](H& h) { h.frame_bytes = 0; }, "malformed header");
  Refuses<H>(
      0, [](H& h) { h.reserved = 1; }, "malformed header");
  Refuses<H>(
      0, [](H& h) { h.extent_count = UINT64_MAX / 32; }, "too large");
  Refuses<H>(
      0, [](H& h) { ++h.extent_count; }, "bytes instead of");
  Refuses<H>(
      0, [](H& h) { --h.extent_count; }, "bytes instead of");
  Refuses<H>(
      0, [](H& h) { ++h.frame_count; }, "number of frames");
  Refuses<H>(
      0, [](H& h) { h.data_bytes -= kPage; }, "the page file has");
  Refuses<H>(
      0, [](H& h) { h.data_bytes = UINT64_MAX; }, "too large");
}

TEST_F(PageFileTest, MalformedExtentsAreRefused) {
  using E = protocol::PageMapExtent;
  WriteExample();
  const uint64_t second = sizeof(protocol::PageMapHeader) + sizeof(E);
  Refuses<E>(
      second, [](E& e) { e.address += 1; }, "not aligned");
  Refuses<E>(
      second, [](E& e) { e.file_offset += 512; }, "not aligned");
  Refuses<E>(
      second, [](E& e) { e.pages = 0; }, "is empty");
  Refuses<E>(
      second, [](E& e) { e.pages = UINT64_MAX; }, "outside user space");
  Refuses<E>(
      second, [](E& e) { e.pages = UINT64_MAX / kPage + 2; }, "outside user space");
  Refuses<E>(
      second, [](E& e) { e.address = -kPage; }, "outside user space");
  Refuses<E>(
      second, [](E& e) { e.pages = 637; }, "outside the page file");
  Refuses<E>(
      second, [](E& e) { e.file_offset = 637 * kPage; }, "outside the page file");
  Refuses<E>(
      second, [](E& e) { e.flags = 64; }, "unknown flags");
  Refuses<E>(
      second, [](E& e) { e.reserved = 1; }, "unknown flags");
  Refuses<E>(
      second, [](E& e) { e.address = 0x100000; }, "overlaps");
  Refuses<E>(
      second, [](E& e) { e.pages = 3; }, "overlaps");
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(PageFileTest, EveryTruncationIsRefused) {
  WriteExample();
  for (off_t size = lseek(pagemap_.get(), 0, SEEK_END) - 1; size >= 0; --size) {
    ASSERT_EQ(ftruncate(pagemap_.get(), size), 0);
    EXPECT_THAT(Open(), FailsWith(ErrorCode::kBadImage, "page map"));
  }
}

TEST_F(PageFileTest, CorruptDataIsFound) {
  WriteExample();
  const std::byte flipped[1] = {};
  ASSERT_THAT(PwriteAll(pages_.get(), flipped, (1 << 20) + 77), IsOk());
  EXPECT_THAT(VerifyFrames(*Open().value()),
              FailsWith(ErrorCode::kBadImage, "offset 1048576 is corrupt"));
}

}  // namespace
}  // namespace tardigrade
