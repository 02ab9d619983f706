#include "plugins/timerfd/timerfd_kind.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "plugins/timerfd/timerfd_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::timerfd {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

constexpr int64_t kSecond = 1'000'000'000;

class TimerfdKindTest : public ::testing::Test {
 protected:
  TimerfdState CheckpointAndRestore() {
    const Result<Value> state = kind_.Collect(FactsOf(fd_.get()), {}, contexts_);
    EXPECT_THAT(state, IsOk());
    restored_ = kind_.Create(state.value(), contexts_.create()).value();
    SyscallPlan plan;
    EXPECT_THAT(kind_.PlanInTask(state.value(), restored_.get(), plan), IsOk());
    EXPECT_THAT(RunHere(plan).Check(), IsOk());
    return ParseTimerfd(FactsOf(restored_.get()).info).value();
  }
  void WaitForExpiry(int fd) {
    pollfd expired{.fd = fd, .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&expired, 1, /*timeout_ms=*/5000), 1);
  }

  TimerfdKind kind_;
  FakeContexts contexts_;
  ScopedFd fd_{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  ScopedFd restored_;
};

TEST_F(TimerfdKindTest, ClaimsTimersOnly) {
  EXPECT_TRUE(kind_.Claims(FactsOf(fd_.get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(STDIN_FILENO)));
}

TEST_F(TimerfdKindTest, DisarmedTimerStaysDisarmed) {
  EXPECT_EQ(CheckpointAndRestore(), ParseTimerfd(FactsOf(fd_.get()).info).value());
  EXPECT_EQ(fcntl(restored_.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST_F(TimerfdKindTest, PeriodicTimerKeepsIntervalAndTimeLeft) {
  const itimerspec spec{.it_interval = {.tv_sec = 7, .tv_nsec = 0},
                        .it_value = {.tv_sec = 90, .tv_nsec = 0}};
  ASSERT_EQ(timerfd_settime(fd_.get(), 0, &spec, nullptr), 0);
  const TimerfdState restored = CheckpointAndRestore();
  EXPECT_EQ(restored.interval_ns, 7 * kSecond);
  EXPECT_LE(restored.remaining_ns, 90 * kSecond);
  EXPECT_GT(restored.remaining_ns, 80 * kSecond);
}

TEST_F(TimerfdKindTest, UnreadExpirationsAreReadAfterRestore) {
  const itimerspec spec{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
  ASSERT_EQ(timerfd_settime(fd_.get(), 0, &spec, nullptr), 0);
  WaitForExpiry(fd_.get());
  CheckpointAndRestore();
  uint64_t expirations = 0;
  EXPECT_EQ(read(restored_.get(), &expirations, sizeof(expirations)), 8);
  EXPECT_EQ(expirations, 1u);
}

TEST_F(TimerfdKindTest, AnExpiredPeriodicTimerGoesOn) {
  const itimerspec spec{.it_interval = {.tv_sec = 0, .tv_nsec = 300'000'000},
                        .it_value = {.tv_sec = 0, .tv_nsec = 1}};
  ASSERT_EQ(timerfd_settime(fd_.get(), 0, &spec, nullptr), 0);
  WaitForExpiry(fd_.get());
  EXPECT_NE(CheckpointAndRestore().remaining_ns, 0);
  uint64_t expirations = 0;
  EXPECT_EQ(read(restored_.get(), &expirations, sizeof(expirations)), 8);
  WaitForExpiry(restored_.get());
}

TEST_F(TimerfdKindTest, AWallClockTimeStaysThatTime) {
  fd_.Reset(timerfd_create(CLOCK_REALTIME, 0));
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  const itimerspec spec{.it_interval = {}, .it_value = {.tv_sec = now.tv_sec + 50, .tv_nsec = 0}};
  ASSERT_EQ(timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr),
            0);
  const TimerfdState restored = CheckpointAndRestore();
  EXPECT_EQ(restored.settime_flags, uint32_t{TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET});
  EXPECT_LE(restored.remaining_ns, 50 * kSecond);
}

TEST_F(TimerfdKindTest, ImageWithoutClockIsRejected) {
  Value::Object state = *Encode(TimerfdState()).AsObject();
  state.erase("clock");
  EXPECT_THAT(kind_.Create(Value(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "timerfd.clock"));
  SyscallPlan plan;
  EXPECT_THAT(kind_.PlanInTask(Value(state), 5, plan),
              FailsWith(ErrorCode::kBadImage, "timerfd.clock"));
}

}  // namespace
}  // namespace tardigrade::timerfd
