#include "plugins/aio/aio_ring_kind.h"

#include <gtest/gtest.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/aio/aio_ring_state.h"
#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::aio {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

class AioRingKindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (syscall(SYS_io_setup, 8, &context_) != 0) GTEST_SKIP() << "no asynchronous I/O here";
  }
  ~AioRingKindTest() override {
    if (context_ != 0) syscall(SYS_io_destroy, context_);
  }
  void Complete(uint32_t count, uint64_t data) {
    for (uint32_t i = 0; i < count; ++i) {
      iocb request = {};
      request.aio_data = data + i;
      request.aio_lio_opcode = IOCB_CMD_PREAD;
      request.aio_fildes = static_cast<uint32_t>(file_.get());
      iocb* list[] = {&request};
      ASSERT_EQ(syscall(SYS_io_submit, context_, 1, list), 1);
    }
  }
  std::vector<uint64_t> Take(uint32_t count) {
    std::vector<io_event> events(count);
    const long got = syscall(SYS_io_getevents, context_, 0, count, events.data(), nullptr);
    std::vector<uint64_t> data;
    for (long i = 0; i < got; ++i) data.push_back(events[static_cast<size_t>(i)].data);
    return data;
  }
  const RingHeader& ring() const { return *reinterpret_cast<const RingHeader*>(context_); }
  MemoryMapping Mapping() {
    const std::vector<MemoryMapping> mappings = ParseMaps(ReadFile("/proc/self/maps").value()).value();
    for (const MemoryMapping& mapping : mappings)
      if (mapping.start == context_) return mapping;
    ADD_FAILURE() << "the ring is not mapped";
    return {};
  }
  // Takes the context away and makes it again: the kernel chooses the room that has just become free.
  void MakeAgain() {
    const MemoryMapping mapping = Mapping();
    ASSERT_TRUE(kind_.Claims(mapping));
    ASSERT_THAT(kind_.Check(getpid(), mapping), IsOk());
    const Value state = kind_.Collect(getpid(), mapping, contexts_).value().state;
    ScopedFd backing = std::move(*kind_.OpenBacking(state, contexts_.create()).value());
    SyscallPlan plan;
    ASSERT_EQ(syscall(SYS_io_destroy, context_), 0);
    ASSERT_THAT(kind_.PlanMaking(state, {.start = mapping.start, .bytes = mapping.size_bytes(), .fd = backing.get()},
                                 contexts_.create().attachments(), plan),
                IsOk());
    ASSERT_THAT(RunHere(plan).Check(), IsOk());
  }

  AioRingKind kind_;
  FakeContexts contexts_;
  aio_context_t context_ = 0;
  ScopedFd file_{memfd_create("test", 0)};
};

TEST_F(AioRingKindTest, EventsAndPositionsComeBack) {
  Complete(5, 0);
  EXPECT_EQ(Take(3).size(), 3u);
  MakeAgain();
  EXPECT_EQ(ring().head, 3u);
  EXPECT_EQ(ring().tail, 5u);
  Complete(1, 100);
  EXPECT_EQ(Take(8), (std::vector<uint64_t>{3, 4, 100}));
  EXPECT_EQ(contexts_.warnings.size(), 1u);
}

TEST_F(AioRingKindTest, EventsAroundTheEndComeBack) {
  const uint32_t slots = ring().slots;
  Complete(slots - 30, 0);
  EXPECT_EQ(Take(slots).size(), slots - 30);
  Complete(40, 1000);
  MakeAgain();
  EXPECT_EQ(ring().tail, 10u);
  const std::vector<uint64_t> data = Take(slots);
  ASSERT_EQ(data.size(), 40u);
  for (uint64_t i = 0; i < 40; ++i) EXPECT_EQ(data[i], 1000 + i);
}

TEST_F(AioRingKindTest, LargerRingsComeBackWithTheirSize) {
  for (const unsigned requests : {64u, 200u, 1000u}) {
    syscall(SYS_io_destroy, context_);
    context_ = 0;
    ASSERT_EQ(syscall(SYS_io_setup, requests, &context_), 0);
    const uint32_t slots = ring().slots;
    MakeAgain();
    EXPECT_EQ(ring().slots, slots);
  }
}

TEST_F(AioRingKindTest, WhatIsNoRingIsRefused) {
  MemoryMapping mapping = Mapping();
  mapping.end -= 1;
  EXPECT_THAT(kind_.Check(getpid(), mapping), FailsWith(ErrorCode::kUnsupported, "not as the kernel made it"));
}

TEST_F(AioRingKindTest, MalformedImagesAreRejected) {
  const MappingPlace place{.start = context_, .bytes = 4096, .fd = file_.get()};
  SyscallPlan plan;
  const AttachmentReader& attachments = contexts_.create().attachments();
  EXPECT_THAT(kind_.PlanMaking(Value(7), place, attachments, plan), FailsWith(ErrorCode::kBadImage, "aio_ring"));
  AioRingState state{.slots = 127, .head = 127, .tail = 0, .events = {}};
  EXPECT_THAT(kind_.PlanMaking(Encode(state), place, attachments, plan), FailsWith(ErrorCode::kBadImage, "do not fit"));
  state = {.slots = 127, .head = 0, .tail = 1, .events = {}};
  EXPECT_THAT(kind_.PlanMaking(Encode(state), place, attachments, plan), FailsWith(ErrorCode::kBadImage, "not as many"));
  EXPECT_TRUE(plan.empty());
}

}  // namespace
}  // namespace tardigrade::aio
