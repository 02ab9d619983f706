#include "supervisor/resource/syscall_plan.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "supervisor/image/documents.h"
#include "supervisor/image/image_store.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/tracee/frozen_process.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

TEST(SyscallPlan, ResultsFeedLaterOps) {
  SyscallPlan plan;
  const size_t opened = plan.Add("opening", SYS_openat, {AT_FDCWD, Arg::String("/dev/zero"), O_RDONLY});
  const size_t read_op = plan.Add("reading", SYS_read, {Arg::ResultOf(opened), Arg::Out(16), 16});
  plan.Add("closing", SYS_close, {Arg::ResultOf(opened)});
  const Outcome outcome = RunHere(plan);
  EXPECT_THAT(outcome.Check(), IsOk());
  EXPECT_EQ(outcome.result(read_op), 16);
}

TEST(SyscallPlan, OutputIsWhatTheKernelWrote) {
  SyscallPlan plan;
  const size_t op = plan.Add("asking for ids", SYS_getresuid, {Arg::Out(4), Arg::Out(4), Arg::Out(4)});
  const Outcome outcome = RunHere(plan);
  EXPECT_EQ(outcome.Output<uint32_t>(op, 0), getuid());
  EXPECT_EQ(outcome.Output<uint32_t>(op, 2), geteuid());
}

TEST(SyscallPlan, TimesAreReckonedWhenItRuns) {
  struct Times {
    timespec from, to;
  };
  const auto moved = [](timespec from, int64_t by_ns, int64_t step_ns) {
    SyscallPlan plan;
    const size_t op = plan.Add("any call", SYS_getresuid, {Arg::Copy(Times{from, {}}), Arg::Out(4), Arg::Out(4)});
    // The call has written a number to the payload: the next puts it right.
    plan.Add("putting the seconds back", protocol::kStoreOp, {Arg::Within(op, 0, 0), from.tv_sec, 8});
    plan.Add("reckoning", protocol::kMoveTimeOp,
             {Arg::Within(op, 0, sizeof(timespec)), Arg::Within(op, 0, 0), by_ns, step_ns});
    SyscallPlan longer;
    longer.Add("something before", SYS_getpid, {});
    longer.Append(plan);
    const Outcome outcome = RunHere(longer);
    EXPECT_THAT(outcome.Check(), IsOk());
    const timespec to = outcome.Output<Times>(op + 1, 0).to;
    return std::pair<int64_t, int64_t>(to.tv_sec, to.tv_nsec);
  };
  using Time = std::pair<int64_t, int64_t>;
  EXPECT_EQ(moved({5, 900'000'000}, 200'000'000, 1), Time(6, 100'000'000));
  EXPECT_EQ(moved({5, 100'000'000}, -200'000'000, 1), Time(4, 900'000'000));
  EXPECT_EQ(moved({5, 0}, -7'500'000'000, 2'000'000'000), Time(1, 500'000'000));
  EXPECT_EQ(moved({5, 0}, -5'000'000'000, 2'000'000'000), Time(2, 0));
}

TEST(SyscallPlan, StopsAtTheFirstFailureAndNamesIt) {
  SyscallPlan plan;
  plan.Ask("closing what is closed, which may fail", SYS_close, {999});
  plan.Add("closing what is closed", SYS_close, {999});
  plan.Add("never reached", SYS_exit_group, {1});
  EXPECT_THAT(RunHere(plan).Check(), FailsWith(ErrorCode::kRemote, "closing what is closed: EBADF"));
}

TEST(SyscallPlan, UnexpectedResultIsAFailure) {
  SyscallPlan plan;
  plan.Add("asking for pid", SYS_getpid, {}, {.may_fail = false, .exactly = 1 << 30});
  EXPECT_THAT(RunHere(plan).Check(), FailsWith(ErrorCode::kRemote, "asking for pid"));
}

TEST(SyscallPlan, AppendMovesReferences) {
  SyscallPlan first;
  first.Add("copying", SYS_getresuid, {Arg::Out(4), Arg::Out(4), Arg::Out(4)});
  SyscallPlan second;
  const size_t opened = second.Add("opening", SYS_openat, {AT_FDCWD, Arg::String("/dev/null"), O_RDONLY});
  second.Add("closing", SYS_close, {Arg::ResultOf(opened)});
  first.Append(second);
  EXPECT_THAT(RunHere(first).Check(), IsOk());
}

TEST(SyscallPlan, PayloadsMayHoldAddressesAndResults) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  SyscallPlan inner;
  const size_t four = inner.Add("writing", SYS_write, {ends[1], Arg::String("abc"), 4});
  struct {
    uint64_t address = 0;
    uint32_t size = 0;
    uint32_t padding = 0;
  } iovec;
  inner.Add("writing a vector", SYS_writev,
            {ends[1], Arg::Copy(iovec).With(0, Arg::String("xyz")).With(8, Arg::ResultOf(four), 4), 1});
  SyscallPlan plan;
  plan.Add("asking for ids", SYS_getresuid, {Arg::Out(4), Arg::Out(4), Arg::Out(4)});
  plan.Append(inner);
  EXPECT_THAT(RunHere(plan).Check(), IsOk());
  char text[9] = {};
  EXPECT_EQ(read(ends[0], text, 8), 8);
  EXPECT_STREQ(text + 4, "xyz");
}

TEST(SyscallPlan, AnEmptyPlanSucceeds) { EXPECT_THAT(RunHere(SyscallPlan()).Check(), IsOk()); }

}  // namespace
}  // namespace tardigrade
