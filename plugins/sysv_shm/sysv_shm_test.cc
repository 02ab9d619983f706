#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cstring>

#include "plugins/sysv_shm/segment_contents.h"
#include "plugins/sysv_shm/sysv_shm_kind.h"
#include "plugins/sysv_shm/sysv_shm_mapping_kind.h"
#include "plugins/sysv_shm/sysv_shm_state.h"
#include "tests/testing/job_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade::sysv_shm {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeAttachments;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::JobFixture;

constexpr size_t kBytes = 40 * 4096;

class SysvShmTest : public ::testing::Test {
 protected:
  SysvShmTest() : id_(shmget(key_, kBytes, IPC_CREAT | IPC_EXCL | 0640)) {
    at_ = static_cast<char*>(shmat(id_, nullptr, 0));
    EXPECT_NE(at_, reinterpret_cast<char*>(-1));
    std::memset(at_ + 3 * 4096, 'x', 8192);
    readable_ = shmat(id_, nullptr, SHM_RDONLY);
  }
  ~SysvShmTest() override {
    Detach();
    shmctl(id_, IPC_RMID, nullptr);
  }
  void Detach() {
    if (at_ == nullptr) return;
    shmdt(at_);
    shmdt(readable_);
    at_ = nullptr;
  }
  static std::vector<MemoryMapping> Mappings(const JobFixture& job) {
    std::vector<MemoryMapping> found;
    for (const MemoryMapping& mapping : job.facts().members[0].mappings)
      if (SysvShmMappingKind().Claims(mapping)) found.push_back(mapping);
    return found;
  }

  const key_t key_ = 0x57000000 | (getpid() & 0xffffff);
  const int id_;
  char* at_;
  void* readable_;
  SysvShmKind kind_;
  SysvShmMappingKind mapping_kind_;
};

bool MayChooseIds() { return access("/proc/sys/kernel/shm_next_id", W_OK) == 0; }

TEST_F(SysvShmTest, ContentsComeBackWithHoles) {
  for (const bool attached : {true, false}) {
    auto job = std::make_unique<JobFixture>();
    if (!attached) {
      Detach();
      job = std::make_unique<JobFixture>();
    }
    const auto state = job->Collect(kind_);
    ASSERT_THAT(state, IsOk());
    ASSERT_TRUE(state.value().has_value());
    const auto decoded = Decode<SysvShmState>(*state.value(), "");
    EXPECT_EQ(decoded.value().segments[0].contents.size, kBytes);
    if (!MayChooseIds()) GTEST_SKIP() << "ids cannot be chosen here";
    Detach();
    shmctl(id_, IPC_RMID, nullptr);
    ASSERT_THAT(job->Restore(kind_, *state.value()), IsOk());
    EXPECT_EQ(shmget(key_, 0, 0), id_);
    const char* const again = static_cast<char*>(shmat(id_, nullptr, SHM_RDONLY));
    ASSERT_NE(again, reinterpret_cast<char*>(-1));
    EXPECT_EQ(again[3 * 4096 - 1], 0);
    EXPECT_EQ(again[3 * 4096], 'x');
    EXPECT_EQ(again[5 * 4096 - 1], 'x');
    EXPECT_EQ(again[5 * 4096], 0);
    shmdt(again);
  }
}

TEST_F(SysvShmTest, WhatOthersHaveAttachedIsNotTakenAway) {
  JobFixture job;
  const auto state = job.Collect(kind_);
  ASSERT_THAT(state, IsOk());
  EXPECT_THAT(job.Restore(kind_, *state.value()),
              FailsWith(ErrorCode::kUnsupported, "others have it attached"));
  EXPECT_EQ(at_[3 * 4096], 'x');
}

TEST_F(SysvShmTest, AttachmentsSayHowTheyWereMade) {
  JobFixture job;
  const std::vector<MemoryMapping> mappings = Mappings(job);
  ASSERT_EQ(mappings.size(), 2u);
  for (const MemoryMapping& mapping : mappings) {
    const bool writable = mapping.start == reinterpret_cast<uint64_t>(at_);
    EXPECT_THAT(mapping_kind_.Check(getpid(), mapping), IsOk());
    const auto state = mapping_kind_.Collect(getpid(), mapping, job.contexts());
    ASSERT_THAT(state, IsOk());
    EXPECT_EQ(state.value().object, StrCat("sysv_shm:", id_, writable ? "" : ":read"));
    EXPECT_EQ(mapping_kind_.AttachedBytes(state.value().state).value(), kBytes);
    void* const room = mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(room, kBytes);
    ASSERT_THAT(mapping_kind_.Attach(state.value().state, reinterpret_cast<uint64_t>(room)), IsOk());
    EXPECT_EQ(static_cast<char*>(room)[3 * 4096], 'x');
    EXPECT_EQ(mprotect(room, 4096, PROT_READ | PROT_WRITE) == 0, writable);
    shmdt(room);
  }
}

TEST_F(SysvShmTest, HugePagesAreRefused) {
  JobFixture job;
  MemoryMapping mapping = Mappings(job)[0];
  ++mapping.dev;
  EXPECT_THAT(mapping_kind_.Check(getpid(), mapping),
              FailsWith(ErrorCode::kUnsupported, "SHM_HUGETLB"));
}

TEST_F(SysvShmTest, MalformedImagesAreRejected) {
  JobFixture job;
  SysvShmState state;
  SegmentState& segment = state.segments.emplace_back();
  segment.identity.id = 1 << 20;
  EXPECT_THAT(job.Restore(kind_, Encode(state)), FailsWith(ErrorCode::kBadImage, "bytes"));
  AttachmentState attachment;
  attachment.id = id_;
  attachment.bytes = 4096;
  EXPECT_THAT(mapping_kind_.Attach(Encode(attachment), 0x10000000),
              FailsWith(ErrorCode::kBadImage, "no segment"));
  EXPECT_THAT(mapping_kind_.AttachedBytes(Value()), FailsWith(ErrorCode::kBadImage, "object"));
}

TEST(FillSegment, StaysInside) {
  FakeAttachments attachments;
  const std::vector<std::byte> bytes(100);
  FileContents contents{.size = 4096, .extents = {{.file_offset = 4000, .data = attachments.Put(bytes).value()}}};
  std::vector<std::byte> memory(4096);
  EXPECT_THAT(FillSegment(contents, attachments, memory), FailsWith(ErrorCode::kBadImage, "outside"));
  memory.resize(8192);
  EXPECT_THAT(FillSegment(contents, attachments, memory), FailsWith(ErrorCode::kBadImage, "size"));
}

}  // namespace
}  // namespace tardigrade::sysv_shm
