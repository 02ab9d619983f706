#include "plugins/eventfd/eventfd_kind.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::eventfd {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class EventfdKindTest : public ::testing::Test {
 protected:
  ScopedFd RoundTrip(const FdFacts& file) {
    const Result<Value> state = kind_.Collect(file, {}, contexts_);
    EXPECT_THAT(state, IsOk());
    Result<ScopedFd> made = kind_.Create(state.value(), contexts_.create());
    EXPECT_THAT(made, IsOk());
    return std::move(made).value();
  }

  EventfdKind kind_;
  FakeContexts contexts_;
};

uint64_t Read(const ScopedFd& fd) {
  uint64_t value = 0;
  EXPECT_EQ(read(fd.get(), &value, sizeof(value)), 8);
  return value;
}

TEST_F(EventfdKindTest, ClaimsEventfdsOnly) {
  const ScopedFd fd(::eventfd(0, 0));
  EXPECT_TRUE(kind_.Claims(FactsOf(fd.get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(STDIN_FILENO)));
}

TEST_F(EventfdKindTest, KeepsCountAndFlags) {
  const ScopedFd fd(::eventfd(0, EFD_NONBLOCK));
  const uint64_t count = UINT64_MAX - 1;
  ASSERT_EQ(write(fd.get(), &count, sizeof(count)), 8);
  const ScopedFd again = RoundTrip(FactsOf(fd.get()));
  EXPECT_EQ(fcntl(again.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  EXPECT_EQ(Read(again), count);
}

TEST_F(EventfdKindTest, ASemaphoreCountsByOne) {
  const ScopedFd again = RoundTrip(FactsOf(ScopedFd(::eventfd(3, EFD_SEMAPHORE)).get()));
  EXPECT_EQ(Read(again), 1u);
  EXPECT_EQ(Read(again), 1u);
  EXPECT_EQ(fcntl(again.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(EventfdKindTest, OlderKernelsAreAskedAndLeftAsTheyWere) {
  for (const int flag : {0, static_cast<int>(EFD_SEMAPHORE)}) {
    for (const unsigned count : {0u, 1u, 5u}) {
      const ScopedFd fd(::eventfd(count, flag));
      FdFacts file = FactsOf(fd.get());
      file.info.fields.erase("eventfd-semaphore");
      const Result<Value> state = kind_.Collect(file, {}, contexts_);
      ASSERT_THAT(state, IsOk());
      EXPECT_EQ(Decode<EventfdState>(state.value(), "eventfd").value().semaphore, flag != 0);
      EXPECT_EQ(FactsOf(fd.get()).info.FindNumber("eventfd-count", 16).value(), count);
    }
  }
}

TEST_F(EventfdKindTest, MalformedImagesAreRejected) {
  EventfdState state;
  state.count = UINT64_MAX;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "eventfd.count"));
  EXPECT_THAT(kind_.Create(Value(7), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "eventfd"));
}

}  // namespace
}  // namespace tardigrade::eventfd
