#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plugins/io_uring/abi.h"
#include "plugins/io_uring/io_uring_kind.h"
#include "plugins/io_uring/io_uring_object.h"
#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/issuer_kind.h"
#include "plugins/io_uring/read_shape.h"
#include "plugins/io_uring/ring_info.h"
#include "plugins/io_uring/ring_key.h"
#include "plugins/io_uring/ring_mapping_kind.h"
#include "plugins/io_uring/ring_memory.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::io_uring {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

// Linux 6.18.
constexpr std::string_view kShown =
    "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t20688058\nSqMask:\t0x7\nSqHead:\t3\nSqTail:"
    "\t4\nCachedSqHead:\t3\nCqMask:\t0xf\n"
    "CqHead:\t0\nCqTail:\t1\nCachedCqTail:\t1\nSQEs:\t1\n    3: opcode:NOP, fd:0, flags:0, off:0, "
    "addr:0x0, rw_flags:0x0, "
    "buf_index:0 user_data:0, e0:0x0, e1:0x0\nCQEs:\t1\n    0: user_data:0, res:0, flag:0, "
    "extra1:0, extra2:0\n\nSqThread:\t-1\n"
    "SqThreadCpu:\t-1\nUserFiles:\t3\n    0: /dev/null\n    2: /a\\040b: c\nUserBufs:\t2\n    0: "
    "0x7f0000001000/4096\n    1: <none>\n"
    "PollList:\n  op=22, task_works=0\nCqOverflowList:\n  user_data=1, res=2, "
    "flags=0\nNAPI:\tdisabled\n";

TEST(RingInfoTest, WhatLinuxShowsIsRead) {
  const Result<RingInfo> info = ParseRingInfo(kShown);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info.value().sq_entries, 8u);
  EXPECT_EQ(info.value().cq_entries, 16u);
  EXPECT_EQ(info.value().cached_sq_head, 3u);
  EXPECT_EQ(info.value().sq_tail, 4u);
  EXPECT_EQ(info.value().cq_tail, 1u);
  EXPECT_FALSE(info.value().has_sq_thread);
  EXPECT_EQ(info.value().shown_sqes, 1u);
  EXPECT_TRUE(info.value().large_sqes);
  EXPECT_TRUE(info.value().large_cqes);
  ASSERT_EQ(info.value().files.size(), 3u);
  EXPECT_EQ(info.value().files[0], "/dev/null");
  EXPECT_EQ(info.value().files[1], std::nullopt);
  EXPECT_EQ(info.value().files[2], "/a\\040b: c");
  ASSERT_EQ(info.value().buffers.size(), 2u);
  EXPECT_EQ(info.value().buffers[0], (RingInfo::Buffer{.address = 0x7f0000001000, .bytes = 4096}));
  EXPECT_EQ(info.value().buffers[1].bytes, 0u);
  EXPECT_EQ(info.value().polls, 1u);
  EXPECT_EQ(info.value().overflown, 1u);
  EXPECT_FALSE(info.value().busy_polls);
}

TEST(RingInfoTest, ARingInUseShowsNothing) {
  EXPECT_EQ(ParseRingInfo("pos:\t0\nflags:\t02000002\n").error().errno_value(), EBUSY);
}

TEST(RingInfoTest, WhatCannotBeReadIsRefused) {
  EXPECT_THAT(ParseRingInfo("SqMask:\t0x7\n"), FailsWith(ErrorCode::kUnsupported, "does not show"));
  EXPECT_THAT(ParseRingInfo("SqMask:\tx\n"), FailsWith(ErrorCode::kInternal, "SqMask"));
  EXPECT_THAT(ParseRingInfo("UserFiles:\t1\n    1: /a\n"),
              FailsWith(ErrorCode::kInternal, "1: /a"));
}

class IoUringTest : public ::testing::Test {
 protected:
  void Make(const Shape& shape, uint32_t flags = 0) {
    params_ = {};
    params_.flags = IORING_SETUP_CQSIZE | flags | (shape.large_sqes ? IORING_SETUP_SQE128 : 0u) |
                    (shape.large_cqes ? IORING_SETUP_CQE32 : 0u) |
                    (shape.no_sq_array ? kSetupNoSqArray : 0u) |
                    (shape.single_issuer ? kSetupSingleIssuer : 0u) |
                    (shape.defers_work ? kSetupDeferTaskrun : 0u);
    params_.cq_entries = shape.cq_entries;
    ring_.Reset(io_uring::Setup(shape.sq_entries, params_));
    if (!ring_.valid()) GTEST_SKIP() << "no such io_uring here";
    memory_.emplace(RingMemory::Map(ring_.get(), shape, params_).value());
    if (shape.no_sq_array) return;
    for (uint32_t i = 0; i < shape.sq_entries; ++i)
      memory_->At(params_.sq_off.array + i * 4).store(i);
  }
  // One at a time; the last `kept` completions are left.
  void Complete(uint32_t count, uint32_t kept = 0) {
    for (uint32_t i = 0; i < count; ++i) {
      Prepare(i);
      ASSERT_EQ(Enter(ring_.get(), 1), 1);
      if (i + kept < count) ++memory_->At(params_.cq_off.head);
    }
  }
  void Prepare(uint64_t data, uint8_t opcode = IORING_OP_NOP) {
    const uint32_t tail = memory_->At(params_.sq_off.tail).load();
    io_uring_sqe& sqe = memory_->Sqe(tail & (params_.sq_entries - 1));
    sqe = {};
    sqe.opcode = opcode;
    sqe.user_data = data;
    memory_->At(params_.sq_off.tail).store(tail + 1);
  }
  FdFacts Facts() {
    FdFacts facts = FactsOf(ring_.get());
    facts.frozen = true;
    return facts;
  }
  Status Check() {
    const FdFacts facts = Facts();
    return kind_.Check(facts, std::span(&facts, 1));
  }
  Result<ScopedFd> MadeAgain(std::vector<FdFacts> all = {}) {
    const FdFacts facts = Facts();
    EXPECT_TRUE(kind_.Claims(facts));
    ASSIGN_OR_RETURN(state_, kind_.Collect(facts, all, contexts_));
    return kind_.Create(state_, contexts_.create());
  }

  io_uring_params params_ = {};
  ScopedFd ring_;
  std::optional<RingMemory> memory_;
  IoUringKind kind_;
  IoUringObject object_;
  FakeContexts contexts_{{&object_}};
  Value state_;
};

TEST_F(IoUringTest, CountersAndEntriesComeBack) {
  Make({.sq_entries = 8, .cq_entries = 16});
  Complete(37, /*kept=*/3);
  Prepare(90);
  Prepare(91);
  ASSERT_THAT(Check(), IsOk());
  const Result<ScopedFd> again = MadeAgain();
  ASSERT_THAT(again, IsOk());
  const RingMemory memory =
      RingMemory::Map(again.value().get(), {.sq_entries = 8, .cq_entries = 16}, params_).value();
  EXPECT_TRUE(std::equal(memory.rings().begin(), memory.rings().end(), memory_->rings().begin()));
  EXPECT_TRUE(std::equal(memory.sqes().begin(), memory.sqes().end(), memory_->sqes().begin()));
  EXPECT_EQ(memory.At(params_.cq_off.tail).load(), 37u);
  ASSERT_EQ(Enter(again.value().get(), 2), 2);
  EXPECT_EQ(memory.At(params_.sq_off.head).load(), 39u);
  EXPECT_EQ(memory.At(params_.cq_off.tail).load(), 39u);
  for (uint32_t i = 0; i < 5; ++i)
    EXPECT_EQ(memory.Cqe((34 + i) % 16).user_data, i < 3 ? 34 + i : 87 + i);
}

TEST_F(IoUringTest, ShapesAreTold) {
  for (const Shape& shape :
       {Shape{.sq_entries = 4, .cq_entries = 8},
        Shape{.sq_entries = 4, .cq_entries = 4, .large_sqes = true},
        Shape{.sq_entries = 4, .cq_entries = 32, .large_cqes = true},
        Shape{.sq_entries = 128, .cq_entries = 128, .no_sq_array = true},
        Shape{.sq_entries = 128, .cq_entries = 128, .large_sqes = true, .no_sq_array = true}}) {
    Make(shape);
    Complete(5);
    const Shape read = ReadShape(ring_.get(), ReadRingInfo(ring_.get()).value()).value();
    EXPECT_EQ(Encode(read), Encode(shape));
    EXPECT_EQ(memory_->At(params_.cq_off.head).load(), 5u);
    EXPECT_EQ(memory_->At(params_.sq_off.tail).load(), 5u);
  }
}

TEST_F(IoUringTest, RegisteredBuffersAndFilesComeBack) {
  Make({.sq_entries = 4, .cq_entries = 4});
  alignas(4096) static std::byte buffer[4096];
  const iovec buffers[] = {{nullptr, 0}, {buffer, sizeof(buffer)}};
  ASSERT_EQ(Register(ring_.get(), IORING_REGISTER_BUFFERS, buffers, 2), 0);
  const ScopedFd file(open("/dev/zero", O_RDONLY));
  const int files[] = {file.get(), -1};
  ASSERT_EQ(Register(ring_.get(), IORING_REGISTER_FILES, files, 2), 0);
  const Result<ScopedFd> again = MadeAgain({FactsOf(file.get())});
  ASSERT_THAT(again, IsOk());
  SyscallPlan plan;
  ASSERT_THAT(kind_.PlanInTask(state_, again.value().get(), plan), IsOk());
  ASSERT_THAT(RunHere(plan).Check(), IsOk());
  const RingInfo info = ReadRingInfo(again.value().get()).value();
  EXPECT_EQ(info.files, (std::vector<std::optional<std::string>>{"/dev/zero", std::nullopt}));
  ASSERT_EQ(info.buffers.size(), 2u);
  EXPECT_EQ(info.buffers[1],
            (RingInfo::Buffer{.address = reinterpret_cast<uint64_t>(buffer), .bytes = 4096}));
  const FdFacts alone = Facts();
  EXPECT_THAT(kind_.Check(alone, std::span(&alone, 1)),
              FailsWith(ErrorCode::kUnsupported, "/dev/zero registered"));
}

TEST_F(IoUringTest, KnownDescriptorsShowTheSameRingsAsProc) {
  Make({.sq_entries = 4, .cq_entries = 4});
  const std::vector<OpenRing> asked = ListRings(getpid()).value();
  const FdFacts ring = Facts();
  FdFacts file = ring;
  file.fd = ring.fd + 1;
  file.link = "/dev/null";
  const std::vector<FdFacts> open = {file, ring, ring};
  const std::vector<OpenRing> known = ListRings(open);
  ASSERT_EQ(known.size(), 1u);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(known[0].fd, asked[0].fd);
  EXPECT_EQ(known[0].inode, asked[0].inode);
}

TEST_F(IoUringTest, ASingleIssuerBringsItBackItself) {
  Make({.sq_entries = 4, .cq_entries = 4, .single_issuer = true, .defers_work = true});
  Complete(9);
  IssuerKind issuer;
  TaskFacts task;
  task.pid = getpid();
  SyscallPlan queries;
  const size_t first = issuer.AddQueries(task, queries);
  const Result<Value> state = issuer.Collect(task, RunHere(queries), first, contexts_);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(Decode<IssuerState>(state.value(), "").value().objects.size(), 1u);
}

TEST_F(IoUringTest, WhatIsInFlightIsBusy) {
  Make({.sq_entries = 4, .cq_entries = 4});
  __kernel_timespec hour{.tv_sec = 3600, .tv_nsec = 0};
  Prepare(1, IORING_OP_TIMEOUT);
  io_uring_sqe& sqe = memory_->Sqe(0);
  sqe.addr = reinterpret_cast<uint64_t>(&hour);
  sqe.len = 1;
  ASSERT_EQ(Enter(ring_.get(), 1), 1);
  const Status checked = Check();
  EXPECT_THAT(checked, FailsWith(ErrorCode::kUnsupported, "some are in flight"));
  EXPECT_EQ(checked.error().errno_value(), EBUSY);
}

TEST_F(IoUringTest, WhatIsNotShownIsRefused) {
  Make({.sq_entries = 4, .cq_entries = 4}, IORING_SETUP_IOPOLL);
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "IORING_SETUP_IOPOLL"));
  Make({.sq_entries = 4, .cq_entries = 4}, IORING_SETUP_R_DISABLED);
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "IORING_SETUP_R_DISABLED"));
  Make({.sq_entries = 4, .cq_entries = 4});
  const ScopedFd event(eventfd(0, 0));
  const int number = event.get();
  ASSERT_EQ(Register(ring_.get(), IORING_REGISTER_EVENTFD, &number, 1), 0);
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "registered eventfd"));
  Make({.sq_entries = 4, .cq_entries = 4});
  Complete(2);
  memory_->Sqe(3).personality = 7;
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "credentials"));
}

TEST_F(IoUringTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Encode(IoUringState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "io_uring.object"));
  EXPECT_THAT(RingMappingKind().OpenBacking(Value(3), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "io_uring_memory"));
  RingState state;
  state.shape.sq_entries = 0;
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "sq_entries"));
  state.shape = {.sq_entries = 3, .cq_entries = 4};
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "powers of two"));
  state.shape = {.sq_entries = 4, .cq_entries = 4};
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "laid out otherwise"));
  state.offsets = RingMemory::Offsets(ParamsOf(state.shape).value());
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "not as large"));
  EXPECT_THAT(IssuerKind().Restore(Value(3), {}, *std::make_unique<TaskPlan>()),
              FailsWith(ErrorCode::kBadImage, "io_uring_issuer"));
}

}  // namespace
}  // namespace tardigrade::io_uring
