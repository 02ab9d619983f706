#include "supervisor/restore/loaded_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "supervisor/arch/x86_64/host.h"
#include "tests/testing/image_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

MappingDocument Mapping(uint64_t start, uint64_t end) {
  MappingDocument mapping;
  mapping.start = start;
  mapping.end = end;
  mapping.prot = 3;
  mapping.backing = {.kind = "anonymous_memory", .state = Value(Value::Object{})};
  return mapping;
}

// Writes an image of one small process; tests spoil what they are about.
class LoadedImageTest : public testing::ImageFixture {
 protected:
  LoadedImageTest() {
    process_.pid = 7;
    process_.pages = "pages-7.bin";
    process_.pagemap = "pagemap-7.bin";
    process_.mappings = {Mapping(0x10000, 0x20000), Mapping(0x30000, 0x40000)};
    process_.descriptors = {{.fd = 0, .close_on_exec = false, .file = 0, .of_process = {}}};
    files_.files = {{.kind = "eventfd", .state = Value(Value::Object{})}};
    process_.threads.resize(1);
    process_.threads[0].tid = 7;
  }

  Status Write() {
    ASSIGN_OR_RETURN(const std::unique_ptr<ImageWriter> writer, ImageWriter::Create(dir(), true));
    for (ThreadDocument& thread : process_.threads) {
      const std::vector<std::byte> registers(register_bytes_), state(576);
      ASSIGN_OR_RETURN(thread.registers, writer->attachments().Put(registers));
      ASSIGN_OR_RETURN(thread.extended_state, writer->attachments().Put(state));
    }
    RETURN_IF_ERROR(writer->WriteDocument("process-7.json", Encode(process_)));
    if (child_.pid != 0) RETURN_IF_ERROR(writer->WriteDocument("process-8.json", Encode(child_)));
    RETURN_IF_ERROR(writer->WriteDocument("files.json", Encode(files_)));
    ASSIGN_OR_RETURN(const std::unique_ptr<PageFileWriter> pages, writer->CreatePages("7"));
    const std::vector<std::byte> two_pages(8192, std::byte{0x5a});
    RETURN_IF_ERROR(pages->Write(two_pages, pages_at_, 0));
    RETURN_IF_ERROR(pages->Close());
    return writer->Commit(manifest_);
  }
  Result<LoadedImage> WriteAndLoad() {
    RETURN_IF_ERROR(Write());
    return LoadedImage::Load(dir());
  }

  ProcessDocument process_;
  ProcessDocument child_;  // There if it has a pid.
  FilesDocument files_;
  Manifest manifest_ = ExampleManifest();
  size_t register_bytes_ = sizeof(arch::Registers);
  uint64_t pages_at_ = 0x11000;
};

#define EXPECT_BAD(text) EXPECT_THAT(WriteAndLoad(), FailsWith(ErrorCode::kBadImage, text))

TEST_F(LoadedImageTest, LoadsWhatIsWhole) {
  const auto image = WriteAndLoad();
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image.value().root().threads.size(), 1u);
  EXPECT_EQ(image.value().root().pages->extents().size(), 1u);
}

TEST_F(LoadedImageTest, MappingsDoNotOverlap) {
  process_.mappings[1].start = 0x1f000;
  EXPECT_BAD("overlaps");
  std::swap(process_.mappings[0], process_.mappings[1]);
  EXPECT_BAD("overlaps or is out of order");
}

TEST_F(LoadedImageTest, MappingsAreWholePages) {
  process_.mappings[1].end = 0x30001;
  EXPECT_BAD("not page-aligned");
  process_.mappings[1] = Mapping(0x30000, 0x30000);
  EXPECT_BAD("0x30000");
  process_.mappings[1] = Mapping(0x30000, 0x31000);
  process_.mappings[1].offset = 5;
  EXPECT_BAD("not page-aligned");
}

TEST_F(LoadedImageTest, PagesLieInMappings) {
  pages_at_ = 0x1f000;  // Half of them behind the first.
  EXPECT_BAD("pages at 0x20000 lie in no mapping");
  pages_at_ = 0x50000;
  EXPECT_BAD("lie in no mapping");
  process_.mappings[1] = Mapping(0x20000, 0x21000);
  pages_at_ = 0x1f000;  // Over a seam is fine.
  EXPECT_THAT(WriteAndLoad(), IsOk());
}

TEST_F(LoadedImageTest, DescriptorsReferToFilesAndAreDistinct) {
  process_.descriptors[0].file = 1;
  EXPECT_BAD("descriptor 0 refers to no file");
  process_.descriptors = {{.fd = 3, .close_on_exec = false, .file = 0, .of_process = {}}, {.fd = 3, .close_on_exec = false, .file = 0, .of_process = {}}};
  EXPECT_BAD("descriptor 3 is there twice");
}

TEST_F(LoadedImageTest, ThreadsAreDistinctAndTheLeaderIsFirst) {
  process_.threads.push_back(process_.threads[0]);
  EXPECT_BAD("thread 7 is there twice");
  process_.threads[0].tid = 8;
  EXPECT_BAD("leader");
}

TEST_F(LoadedImageTest, OnlyALeaderThatLeavesOthersHasExited) {
  process_.threads[0].exit_code = 3;
  EXPECT_BAD("thread 7 has exited");
  process_.threads.resize(2);
  process_.threads[1].tid = 8;
  EXPECT_THAT(WriteAndLoad(), IsOk());
  std::swap(process_.threads[0].exit_code, process_.threads[1].exit_code);
  EXPECT_BAD("thread 8 has exited");
  process_.threads[1].exit_code.reset();
  process_.threads[0].exit_code = 256;
  EXPECT_BAD("exit_code");
}

TEST_F(LoadedImageTest, RegistersHaveTheirSize) {
  register_bytes_ = sizeof(arch::Registers) - 8;
  EXPECT_BAD("registers");
  register_bytes_ = sizeof(arch::Registers) + 8;
  EXPECT_BAD("thread 7");
}

// A second process, as its document says it is.
class LoadedTreeTest : public LoadedImageTest {
 protected:
  LoadedTreeTest() {
    manifest_.processes.push_back({.pid = 8, .comm = "b", .document = "process-8.json"});
    child_.pid = 8;
    child_.parent = 7;
    child_.exit_status = 0x100;
  }
};

TEST_F(LoadedTreeTest, AProcessThatHasEndedIsFine) {
  const auto image = WriteAndLoad();
  ASSERT_THAT(image, IsOk());
  EXPECT_FALSE(image.value().processes[0].has_ended());
  EXPECT_TRUE(image.value().processes[1].has_ended());
}

TEST_F(LoadedTreeTest, ParentsComeFirst) {
  child_.parent = 9;
  EXPECT_BAD("the parent of process 8 does not come before it");
  child_.parent = 0;  // An orphan.
  EXPECT_THAT(WriteAndLoad(), IsOk());
  process_.parent = 8;
  EXPECT_BAD("the first process is not the root");
}

TEST_F(LoadedTreeTest, WhoHasEndedHasNothing) {
  child_.descriptors = process_.descriptors;
  EXPECT_BAD("has ended");
}

TEST_F(LoadedTreeTest, WhatIsSharedIsThatOfALivingOneBefore) {
  child_.shared.filesystem = 7;
  EXPECT_BAD("process 8 cannot share a working directory with 7");
  child_.shared.filesystem = 0;
  process_.shared.io_context = 8;
  EXPECT_BAD("process 7 cannot share an I/O context with 8");
  process_.shared.io_context = 0;
  process_.shared.descriptors = 7;
  EXPECT_BAD("process 7 cannot share a descriptor table with 7");
}

TEST_F(LoadedTreeTest, IdsAreDistinct) {
  child_.pid = 7;
  EXPECT_BAD("process 7 is there twice");
}

TEST_F(LoadedTreeTest, WhoLivesHasThreads) {
  child_.exit_status.reset();
  EXPECT_BAD("the first thread is not the leader");
}

TEST(CheckHost, AnotherMachineIsRefusedByName) {
  const HostFacts here = ReadHostFacts().value();
  EXPECT_THAT(CheckHost(here), IsOk());
  HostFacts other = here;
  other.architecture = "vax";
  EXPECT_THAT(CheckHost(other), FailsWith(ErrorCode::kUnsupported, "vax"));
  other = here;
  other.page_size = 65536;
  EXPECT_THAT(CheckHost(other), FailsWith(ErrorCode::kUnsupported, "65536"));
  other = here;
  other.xfeatures |= uint64_t{1} << 62;
  EXPECT_THAT(CheckHost(other), FailsWith(ErrorCode::kUnsupported, "0x4000000000000000"));
  other = here;
  other.vdso_checksum = "0123456789abcdef";
  EXPECT_THAT(CheckHost(other), FailsWith(ErrorCode::kUnsupported, "vDSO"));
}

}  // namespace
}  // namespace tardigrade
