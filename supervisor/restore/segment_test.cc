#include "supervisor/restore/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <numeric>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

MemoryMapping At(uint64_t start, uint64_t end) {
  MemoryMapping mapping;
  mapping.start = start;
  mapping.end = end;
  return mapping;
}

bool Overlaps(const Segment::Place& place, const MemoryMapping& mapping) {
  return place.start < mapping.end && mapping.start < place.start + place.size;
}

TEST(ChoosePlace, TakesAHoleOfBothAddressSpaces) {
  const std::vector<MemoryMapping> here = {At(0x400000, 0x500000), At(0x7f0000000000, 0x7f0000100000)};
  const std::vector<MemoryMapping> there = {At(0x10000, 0x20000), At(0x600000, 0x40000000)};
  const auto place = Segment::ChoosePlace(here, there, 3, 100000);
  ASSERT_THAT(place, IsOk());
  for (const auto& mappings : {here, there}) {
    for (const MemoryMapping& mapping : mappings) EXPECT_FALSE(Overlaps(place.value(), mapping));
  }
  EXPECT_EQ(place.value().start % 4096, 0u);
  EXPECT_EQ(place.value().parking + Segment::kParkingBytes, place.value().start + place.value().size);
  EXPECT_GE(place.value().start, 0x20000u) << "below vm.mmap_min_addr";
}

TEST(ChoosePlace, LeavesRoomForHeapsAndStacksToGrow) {
  // Between the two there would be room, were none of them to grow.
  const std::vector<MemoryMapping> here = {At(0x10000, 0x1000000)}, there = {At(0x2000000, 0x3000000)};
  const auto place = Segment::ChoosePlace(here, there, 1, 0);
  ASSERT_THAT(place, IsOk());
  EXPECT_GE(place.value().start, 0x3000000u + (1 << 20));
}

TEST(ChoosePlace, GrowsWithThreadsAndPlans) {
  const auto size = [](size_t threads, uint64_t payload) {
    return Segment::ChoosePlace({}, {}, threads, payload).value().size;
  };
  EXPECT_GT(size(1000, 0), size(1, 0) + 999 * 4096);
  EXPECT_GE(size(1, 1 << 20), size(1, 0) + (1 << 20));
}

TEST(ChoosePlace, AFullAddressSpaceIsAnError) {
  const std::vector<MemoryMapping> here = {At(0x10000, 0x400000000000)};
  const std::vector<MemoryMapping> there = {At(0x400000000000, 0x7ffffffff000)};
  EXPECT_THAT(Segment::ChoosePlace(here, there, 1, 0), FailsWith(ErrorCode::kSystem, "hole"));
}

TEST(Segment, HoldsWhatThePlansSay) {
  std::vector<ThreadPlans> plans(2);
  plans[0].tid = 100;
  plans[0].memory.Add("asking for the pid", SYS_getpid, {});
  plans[1].tid = 101;
  const auto here = ParseMaps(ReadFile("/proc/self/maps").value()).value();
  const auto place = Segment::ChoosePlace(here, {}, plans.size(), PayloadBytes(plans)).value();
  auto segment = Segment::Create(place, plans);
  ASSERT_THAT(segment, IsOk());
  EXPECT_EQ(segment.value()->threads(), 2u);
  EXPECT_EQ(segment.value()->slot(0).tid, 100);
  EXPECT_EQ(segment.value()->slot(1).tid, 101);
  EXPECT_NE(segment.value()->slot(0).program[0], 0u);
  EXPECT_EQ(segment.value()->slot(1).program[0], 0u);
  EXPECT_EQ(segment.value()->parked(), 0u);
  const auto* insn = reinterpret_cast<const unsigned char*>(segment.value()->syscall_insn());
  EXPECT_EQ(insn[0], 0x0f);
  EXPECT_EQ(insn[1], 0x05);
  // The place is taken now.
  EXPECT_THAT(Segment::Create(place, plans), FailsWith(ErrorCode::kSystem, "mapping the restorer"));
}

TEST(SegmentSpace, SegmentsSideBySideAreOneMapping) {
  std::vector<ThreadPlans> plans(1);
  plans[0].tid = 100;
  const auto maps = [] { return ParseMaps(ReadFile("/proc/self/maps").value()).value(); };
  const auto here = maps();
  std::vector<Segment::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(Segment::ChoosePlace(here, {}, 1, 0, places).value());
  SegmentSpace space;
  ASSERT_THAT(space.Map(places), IsOk());
  for (const Segment::Place& place : places) EXPECT_EQ(Segment::CreateIn(place, plans, {})->slot(0).tid, 100);
  EXPECT_EQ(maps().size(), here.size() + 1);
}

TEST(Segment, NamesTheStepThatFailed) {
  std::vector<ThreadPlans> plans(1);
  plans[0].tid = 100;
  plans[0].memory.Add("mapping the moon", SYS_mmap, {});
  const auto here = ParseMaps(ReadFile("/proc/self/maps").value()).value();
  const auto place = Segment::ChoosePlace(here, {}, 1, PayloadBytes(plans)).value();
  const auto segment = Segment::Create(place, plans).value();
  segment->slot(0).failure = -ENOMEM;
  segment->slot(0).failed_program = 0;
  EXPECT_THAT(Status(segment->FailureOf(0)), FailsWith(ErrorCode::kRemote, "mapping the moon"));
  segment->slot(0).failure = -EPERM;
  EXPECT_THAT(Status(segment->FailureOf(0)), FailsWith(ErrorCode::kDenied, "thread 100"));
  segment->slot(0).failed_program = 17;
  EXPECT_THAT(Status(segment->FailureOf(0)), FailsWith(ErrorCode::kInternal, "no program"));
}

// Runs the blob in a child, whose memory program reads a file by several threads at once.
class SharedFilling : public ::testing::Test {
 protected:
  static constexpr size_t kReads = 200, kPage = 4096;

  SharedFilling() : plans_(1) {
    fd_ = memfd_create("pages", MFD_CLOEXEC);
    std::vector<uint32_t> contents(kReads * kPage / 4);
    std::iota(contents.begin(), contents.end(), 0u);
    EXPECT_EQ(pwrite(fd_, contents.data(), kReads * kPage, 0), static_cast<ssize_t>(kReads * kPage));
    memory_ = static_cast<uint32_t*>(
        mmap(nullptr, kReads * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ThreadPlans& leader = plans_[0];
    leader.tid = 100;
    leader.fill_tids = {30001, 30003, 30005};
    leader.memory.Add("before", SYS_getpid, {});
    leader.fill_begin = leader.memory.size();
  }
  ~SharedFilling() override {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    munmap(memory_, kReads * kPage);
    close(fd_);
  }

  void AddRead(size_t number, int fd) {
    plans_[0].memory.Add(StrCat("read ", number), SYS_pread64,
                         {fd, reinterpret_cast<uint64_t>(memory_) + number * kPage, kPage, number * kPage},
                         {.may_fail = false, .exactly = static_cast<int64_t>(kPage)});
    plans_[0].fill_end = plans_[0].memory.size();
  }
  // Until the leader has reported its state.
  protocol::RestorerState Run() {
    const auto here = ParseMaps(ReadFile("/proc/self/maps").value()).value();
    const auto place = Segment::ChoosePlace(here, {}, 1, PayloadBytes(plans_)).value();
    segment_ = Segment::Create(place, plans_).value();
    child_ = fork();
    if (child_ == 0) segment_->Enter();
    for (int i = 0; i < 1000 && segment_->parked() == 0; ++i) segment_->WaitParked(0, 20);
    return segment_->slot(0).state;
  }

  int fd_ = -1;
  uint32_t* memory_ = nullptr;
  std::vector<ThreadPlans> plans_;
  std::unique_ptr<Segment> segment_;
  pid_t child_ = -1;
};

TEST_F(SharedFilling, AllIsReadAndTheHelpersAreGoneBeforeWhatFollows) {
  for (size_t i = 0; i < kReads; ++i) AddRead(i, fd_);
  // Only a process of one thread may: kernel/fork.c, check_unshare_flags().
  plans_[0].memory.Add("being alone", SYS_unshare, {0x00010000 /* CLONE_THREAD */});
  ASSERT_EQ(Run(), protocol::RestorerState::kParked) << segment_->FailureOf(0).ToString();
  EXPECT_EQ(segment_->MemoryOpsDone(), kReads + 2);
  for (size_t i = 0; i < kReads * kPage / 4; ++i) ASSERT_EQ(memory_[i], i);
}

TEST_F(SharedFilling, NamesTheReadThatFailed) {
  for (size_t i = 0; i < kReads; ++i) AddRead(i, i == 123 ? -1 : fd_);
  plans_[0].memory.Add("after", SYS_getpid, {});
  ASSERT_EQ(Run(), protocol::RestorerState::kFailed);
  EXPECT_THAT(Status(segment_->FailureOf(0)), FailsWith(ErrorCode::kRemote, "thread 100: read 123: EBADF"));
}

TEST_F(SharedFilling, NothingToReadIsNothingToShare) {
  plans_[0].fill_end = plans_[0].fill_begin;
  plans_[0].memory.Add("after", SYS_getpid, {});
  ASSERT_EQ(Run(), protocol::RestorerState::kParked);
  EXPECT_EQ(segment_->MemoryOpsDone(), 2u);
}

}  // namespace
}  // namespace tardigrade
