#include "supervisor/restore/inherited_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

constexpr uint64_t kMiB = 1 << 20;

class NoPages final : public PageFileReader {
 public:
  std::span<const PageExtent> extents() const override { return {}; }
  int fd() const override { return -1; }
};

class InheritedMemoryTest : public ::testing::Test {
 protected:
  void AddProcess() {
    LoadedProcess& process = image_.processes.emplace_back();
    process.document.pid = static_cast<int32_t>(10 + image_.processes.size());
    process.document.parent = image_.processes.size() == 1 ? 0 : image_.processes[0].document.pid;
    process.pages = std::make_unique<NoPages>();
    image_.memory_of.push_back(image_.memory_of.size());
  }
  // Of the last process.
  MappingDocument& AddMapping(uint64_t start, uint64_t bytes, const char* object) {
    MappingDocument& mapping = image_.processes.back().document.mappings.emplace_back();
    mapping.start = start;
    mapping.end = start + bytes;
    mapping.shared = true;
    mapping.object = object;
    return mapping;
  }

  LoadedImage image_;
};

TEST_F(InheritedMemoryTest, WhatOneProcessHasAloneIsNotInherited) {
  AddProcess();
  AddMapping(0x10000, kMiB, "shmem:1");
  AddMapping(0x900000, kMiB, "shmem:1");
  AddProcess();
  const auto memory = InheritedMemory::Plan(image_, KindList(), {});
  ASSERT_THAT(memory, IsOk());
  EXPECT_EQ(memory.value().zone().end, 0u);
  EXPECT_EQ(memory.value().Find("shmem:1"), nullptr);
}

TEST_F(InheritedMemoryTest, IsAsLargeAsTheFarthestMappingAndOutOfEverybodysWay) {
  constexpr uint64_t kHigh = uint64_t{5} << 30;
  AddProcess();
  AddMapping(kHigh, kMiB, "shmem:1");
  AddProcess();
  AddMapping(kHigh + 64 * kMiB, kMiB, "shmem:1").offset = 3 * kMiB;
  const uint64_t lowest = uint64_t{4} << 30;
  const auto memory = InheritedMemory::Plan(image_, KindList(), {{lowest, lowest + kMiB}});
  ASSERT_THAT(memory, IsOk());
  const InheritedMemory::Object* object = memory.value().Find("shmem:1");
  ASSERT_NE(object, nullptr);
  EXPECT_TRUE(memory.value().HasObject("shmem:1"));
  EXPECT_EQ(object->bytes, 4 * kMiB);
  const InheritedMemory::Zone zone = memory.value().zone();
  EXPECT_GE(object->at, zone.start);
  EXPECT_LE(object->at + object->bytes, zone.end);
  EXPECT_GE(zone.start, lowest + kMiB) << "that is taken here";
  EXPECT_TRUE(zone.end <= kHigh || zone.start >= kHigh + 65 * kMiB) << "the job has mappings there";
}

TEST_F(InheritedMemoryTest, ImpossibleSizesAreRefused) {
  AddProcess();
  AddMapping(0x10000, kMiB, "shmem:1").offset = uint64_t{1} << 62;
  EXPECT_THAT(InheritedMemory::Plan(image_, KindList(), {}), FailsWith(ErrorCode::kBadImage, "offset out of range"));
}

TEST_F(InheritedMemoryTest, ChildrenSeeWhatIsMade) {
  for (int i = 0; i < 2; ++i) {
    AddProcess();
    AddMapping(0x10000, kMiB, "shmem:1");
  }
  const uint64_t lowest = uint64_t{4} << 30;
  const auto memory = InheritedMemory::Plan(image_, KindList(), {{lowest, 0x7000'0000'0000 - 64 * kMiB}});
  ASSERT_THAT(memory, IsOk());
  const pid_t maker = fork();  // The place may be taken here.
  if (maker == 0) {
    if (!memory.value().Make(KindList()).has_value()) _exit(1);
    volatile char* area = reinterpret_cast<volatile char*>(memory.value().Find("shmem:1")->at);
    const pid_t child = fork();
    if (child == 0) {
      area[kMiB - 1] = 42;
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    _exit(area[kMiB - 1] == 42 ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(waitpid(maker, &status, 0), maker);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tardigrade
