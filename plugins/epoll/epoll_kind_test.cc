#include "plugins/epoll/epoll_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "plugins/epoll/epoll_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::epoll {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

class EpollKindTest : public ::testing::Test {
 protected:
  void Watch(int fd, uint32_t events, uint64_t data) {
    epoll_event event = {};
    event.events = events;
    event.data.u64 = data;
    ASSERT_EQ(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), 0);
  }
  std::vector<FdFacts> All() {
    std::vector<FdFacts> all{FactsOf(epoll_.get())};
    for (const ScopedFd* fd : {&ready_, &idle_})
      if (fd->valid()) all.push_back(FactsOf(fd->get()));
    for (const int fd : more_) all.push_back(FactsOf(fd));
    return all;
  }
  ScopedFd RoundTrip() {
    const std::vector<FdFacts> all = All();
    EXPECT_TRUE(kind_.Claims(all[0]));
    EXPECT_THAT(kind_.Check(all[0], all), IsOk());
    const Value state = kind_.Collect(all[0], all, contexts_).value();
    const ScopedFd low = kind_.Create(state, contexts_.create()).value();
    // Away from numbers that are closed in the original.
    ScopedFd made(fcntl(low.get(), F_DUPFD_CLOEXEC, 100));
    SyscallPlan plan;
    EXPECT_THAT(kind_.PlanBeforeLocks(state, made.get(), plan), IsOk());
    EXPECT_THAT(kind_.PlanInTask(state, made.get(), plan), IsOk());
    EXPECT_THAT(RunHere(plan).Check(), IsOk());
    return made;
  }
  static std::vector<uint64_t> Wait(const ScopedFd& epoll) {
    epoll_event events[8];
    const int count = epoll_wait(epoll.get(), events, 8, 0);
    std::vector<uint64_t> data;
    for (int i = 0; i < count; ++i) data.push_back(events[i].data.u64);
    return data;
  }

  EpollKind kind_;
  std::vector<int> more_;
  FakeContexts contexts_;
  ScopedFd epoll_{epoll_create1(0)};
  ScopedFd ready_{eventfd(1, 0)};
  ScopedFd idle_{eventfd(0, 0)};
};

TEST_F(EpollKindTest, EntriesWithDataComeBack) {
  Watch(ready_.get(), EPOLLIN | EPOLLET, 0xfedcba9876543210);
  Watch(idle_.get(), EPOLLIN | EPOLLRDHUP, 7);
  const ScopedFd again = RoundTrip();
  EXPECT_EQ(FactsOf(again.get()).info.FindAll("tfd"), FactsOf(epoll_.get()).info.FindAll("tfd"));
  EXPECT_EQ(Wait(again), std::vector<uint64_t>{0xfedcba9876543210});
}

TEST_F(EpollKindTest, AFiredOneShotEntryStaysSilentAndCanBeArmed) {
  Watch(ready_.get(), EPOLLIN | EPOLLONESHOT, 1);
  EXPECT_EQ(Wait(epoll_).size(), 1u);
  const ScopedFd again = RoundTrip();
  EXPECT_TRUE(Wait(again).empty());
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLONESHOT;
  ASSERT_EQ(epoll_ctl(again.get(), EPOLL_CTL_MOD, ready_.get(), &event), 0);
  EXPECT_EQ(Wait(again).size(), 1u);
}

TEST_F(EpollKindTest, NestedInstancesWorkInAnyOrder) {
  const ScopedFd inner(epoll_create1(0));
  Watch(inner.get(), EPOLLIN, 3);
  std::vector<FdFacts> all = All();
  all.push_back(FactsOf(inner.get()));
  EXPECT_THAT(kind_.Check(all[0], all), IsOk());
}

TEST_F(EpollKindTest, AnEntryWhoseNumberWasClosedComesBack) {
  const ScopedFd other(dup(ready_.get()));
  Watch(ready_.get(), EPOLLIN, 5);
  const int number = ready_.get();
  ready_.Reset();
  more_.push_back(other.get());
  const ScopedFd again = RoundTrip();
  EXPECT_EQ(Wait(again), std::vector<uint64_t>{5});
  EXPECT_EQ(FactsOf(again.get()).info.FindAll("tfd"), FactsOf(epoll_.get()).info.FindAll("tfd"));
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
}

TEST_F(EpollKindTest, AnEntryWhoseNumberIsAnotherFileComesBackAndTheOtherStays) {
  const ScopedFd other(dup(ready_.get()));
  Watch(ready_.get(), EPOLLIN, 6);
  const int number = ready_.get();
  const ScopedFd null(open("/dev/null", O_RDONLY));
  ASSERT_EQ(dup3(null.get(), number, O_CLOEXEC), number);
  more_.push_back(other.get());
  const ScopedFd again = RoundTrip();
  EXPECT_EQ(Wait(again), std::vector<uint64_t>{6});
  EXPECT_EQ(FactsOf(number).link, "/dev/null");
  EXPECT_EQ(fcntl(number, F_GETFD), FD_CLOEXEC);
}

TEST_F(EpollKindTest, AFileOfAnotherProcessIsRefused) {
  const ScopedFd elsewhere(dup(ready_.get()));  // As if: it is not among the descriptors.
  Watch(ready_.get(), EPOLLIN, 1);
  ready_.Reset();
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Check(all[0], all),
              FailsWith(ErrorCode::kUnsupported, "open in another process only"));
}

TEST_F(EpollKindTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Value(Value::Object()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "epoll.open"));
  EpollState state;
  state.entries.push_back({.fd = -1});
  SyscallPlan plan;
  EXPECT_THAT(kind_.PlanInTask(Encode(state), 5, plan),
              FailsWith(ErrorCode::kBadImage, "epoll.entries[0].fd"));
}

TEST(ParseEpoll, UnreadableLinesAreErrors) {
  const FdInfo info = ParseFdInfo("flags:\t02\ntfd: what is this\n").value();
  EXPECT_THAT(ParseEpoll(info), FailsWith(ErrorCode::kInternal, "cannot read"));
}

}  // namespace
}  // namespace tardigrade::epoll
