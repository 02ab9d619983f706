#include "plugins/pty/pty_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "plugins/pty/pty_number.h"
#include "plugins/pty/pty_object.h"
#include "plugins/pty/pty_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::pty {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class PtyKindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<ScopedFd> master = OpenAnyPty();
    if (!master.has_value()) GTEST_SKIP() << "no pseudo terminals here";
    master_ = std::move(master).value();
  }
  void OpenSlave() { slave_ = OpenPeer(master_.get(), O_RDWR | O_NONBLOCK).value(); }
  std::vector<FdFacts> All() const {
    std::vector<FdFacts> all;
    for (const ScopedFd* fd : {&master_, &slave_}) {
      if (fd->valid()) all.push_back(FactsOf(fd->get()));
    }
    return all;
  }
  // Replaces the ends by restored ones.
  void RoundTrip() {
    const std::vector<FdFacts> all = All();
    std::vector<Value> states;
    for (const FdFacts& file : all) {
      EXPECT_TRUE(kind_.ClaimsAmong(file, all));
      ASSERT_THAT(kind_.Check(file, all), IsOk());
      const Result<Value> state = kind_.Collect(file, all, contexts_);
      ASSERT_THAT(state, IsOk());
      states.push_back(state.value());
    }
    const bool has_master = master_.valid(), has_slave = slave_.valid();
    slave_.Reset();
    master_.Reset();
    size_t next = 0;
    if (has_master) Create(states[next++], master_);
    if (has_slave) Create(states[next++], slave_);
    contexts_.DropObjects();
    next = 0;
    if (has_master) Finish(states[next++], master_);
    if (has_slave) Finish(states[next++], slave_);
  }
  void Create(const Value& state, ScopedFd& fd) {
    Result<ScopedFd> made = kind_.Create(state, contexts_.create());
    ASSERT_THAT(made, IsOk());
    fd = std::move(made).value();
  }
  void Finish(const Value& state, const ScopedFd& fd) {
    SyscallPlan plan;
    ASSERT_THAT(kind_.PlanInTask(state, fd.get(), plan), IsOk());
    ASSERT_THAT(testing::RunHere(plan).Check(), IsOk());
  }
  static int Flag(int fd, unsigned long request) {
    int value = -1;
    return ioctl(fd, request, &value) == 0 ? value : -1;
  }
  static short Poll(int fd) {
    pollfd poller{.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&poller, 1, 0) == 1 ? poller.revents : short{0};
  }

  PtyKind kind_;
  PtyObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd master_, slave_;
};

TEST_F(PtyKindTest, ClaimsBothEndsOnlyWithTheMaster) {
  OpenSlave();
  const std::vector<FdFacts> all = All();
  EXPECT_TRUE(kind_.Claims(all[0]));
  EXPECT_FALSE(kind_.Claims(all[1]));
  EXPECT_TRUE(kind_.ClaimsAmong(all[1], all));
  EXPECT_FALSE(kind_.ClaimsAmong(all[1], std::span(all).subspan(1)));
  const ScopedFd null(open("/dev/null", O_RDWR));
  EXPECT_FALSE(kind_.ClaimsAmong(FactsOf(null.get()), all));
}

TEST_F(PtyKindTest, NumberSizeFlagsAndModesComeBack) {
  OpenSlave();
  const std::string name = FactsOf(slave_.get()).link;
  struct winsize size = {.ws_row = 11, .ws_col = 22, .ws_xpixel = 33, .ws_ypixel = 44};
  ASSERT_EQ(ioctl(slave_.get(), TIOCSWINSZ, &size), 0);
  ASSERT_EQ(ioctl(slave_.get(), TIOCEXCL), 0);
  const int on = 1;
  ASSERT_EQ(ioctl(master_.get(), TIOCPKT, &on), 0);
  ASSERT_EQ(ioctl(master_.get(), TIOCSPTLCK, &on), 0);
  ASSERT_EQ(fchmod(slave_.get(), 0640), 0);
  ASSERT_EQ(write(slave_.get(), "out", 3), 3);
  if (geteuid() != 0) GTEST_SKIP() << "a terminal in exclusive mode needs root";
  RoundTrip();
  EXPECT_EQ(FactsOf(slave_.get()).link, name);
  size = {};
  ASSERT_EQ(ioctl(master_.get(), TIOCGWINSZ, &size), 0);
  EXPECT_EQ(size.ws_row, 11);
  EXPECT_EQ(size.ws_ypixel, 44);
  EXPECT_EQ(Flag(slave_.get(), TIOCGEXCL), 1);
  EXPECT_EQ(Flag(master_.get(), TIOCGEXCL), 0);
  EXPECT_EQ(Flag(master_.get(), TIOCGPKT), 1);
  EXPECT_EQ(Flag(master_.get(), TIOCGPTLCK), 1);
  EXPECT_EQ(FactsOf(slave_.get()).stat.st_mode & 07777, 0640u);
  EXPECT_EQ(fcntl(slave_.get(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  char packet[8] = {};
  EXPECT_EQ(read(master_.get(), packet, sizeof(packet)), 4);
  EXPECT_STREQ(packet + 1, "out");
}

TEST_F(PtyKindTest, AMasterNobodyHasOpenedTheSlaveOfWaits) {
  RoundTrip();
  EXPECT_EQ(Poll(master_.get()), 0);
  EXPECT_EQ(contexts_.warnings.size(), 1u);
}

TEST_F(PtyKindTest, UnreadOutputOfATerminalNobodyHasOpenedIsRefused) {
  ASSERT_EQ(write(master_.get(), "x", 1), 1);
  while (Poll(master_.get()) == 0) usleep(100);
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_), FailsWith(ErrorCode::kUnsupported, "nobody has opened"));
}

TEST_F(PtyKindTest, AMasterWhoseSlaveWasClosedIsHungUp) {
  OpenSlave();
  slave_.Reset();
  EXPECT_NE(Poll(master_.get()) & POLLHUP, 0);
  RoundTrip();
  EXPECT_NE(Poll(master_.get()) & POLLHUP, 0);
  OpenSlave();
  EXPECT_EQ(Poll(master_.get()) & POLLHUP, 0);
}

TEST_F(PtyKindTest, AHungUpSlaveStaysHungUp) {
  OpenSlave();
  master_.Reset();
  EXPECT_TRUE(kind_.Claims(FactsOf(slave_.get())));
  RoundTrip();
  char byte = 0;
  EXPECT_EQ(read(slave_.get(), &byte, 1), 0);
  EXPECT_EQ(write(slave_.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EIO);
}

TEST_F(PtyKindTest, OtherLineDisciplinesAreRefused) {
  OpenSlave();
  const int null_discipline = 27;
  if (ioctl(slave_.get(), TIOCSETD, &null_discipline) != 0) GTEST_SKIP() << "no other line discipline here";
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Check(all[1], all), FailsWith(ErrorCode::kUnsupported, "N_NULL"));
}

TEST_F(PtyKindTest, LockedSettingsAreRefused) {
  OpenSlave();
  struct termios locked = {};
  locked.c_lflag = ECHO;
  if (ioctl(slave_.get(), TIOCSLCKTRMIOS, &locked) != 0) GTEST_SKIP() << "only root locks settings";
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Check(all[0], all), FailsWith(ErrorCode::kUnsupported, "TIOCSLCKTRMIOS"));
}

TEST_F(PtyKindTest, SomebodyElsesSessionIsRefused) {
  OpenSlave();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    char byte = setsid() > 0 && ioctl(slave_.get(), TIOCSCTTY, 0) == 0 ? 1 : 0;
    (void)!write(ends[1], &byte, 1);
    pause();
    _exit(0);
  }
  char ready = 0;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  ASSERT_EQ(ready, 1);
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Check(all[0], all), FailsWith(ErrorCode::kUnsupported, StrCat("process ", child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_F(PtyKindTest, UnreadNewsOfPacketModeAreRefused) {
  OpenSlave();
  const int on = 1;
  ASSERT_EQ(ioctl(master_.get(), TIOCPKT, &on), 0);
  ASSERT_EQ(tcflush(slave_.get(), TCIOFLUSH), 0);
  const std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_), FailsWith(ErrorCode::kUnsupported, "packet mode"));
}

TEST_F(PtyKindTest, MalformedImagesAreRejected) {
  PtyEndState end;
  EXPECT_THAT(kind_.Create(Encode(end), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pty.end"));
  end.object = "pty:1:1";
  EXPECT_THAT(kind_.Create(Encode(end), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pty:1:1"));
  end.end = static_cast<End>(9);
  EXPECT_THAT(kind_.Create(Encode(end), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pty.end"));
  PtyState state;
  state.number = 1 << 20;
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pty.number"));
  state.number = 0;
  state.queues.output = "x";
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "pty.opened"));
  state.opened = true;
  state.queues.flow = static_cast<Flow>(7);
  EXPECT_THAT(object_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "flow"));
}

TEST(DevptsOptions, AreThoseOfTheUppermostMount) {
  EXPECT_EQ(DevptsOptions("26 24 0:24 / /dev/pts rw - devpts devpts rw,mode=600,ptmxmode=000\n"
                          "29 26 0:26 / /dev/pts rw,relatime shared:1 - devpts devpts rw,gid=5,mode=620,ptmxmode=000\n"
                          "30 25 0:27 / /dev/shm rw - tmpfs tmpfs rw,mode=777\n"),
            "gid=5,mode=620,ptmxmode=666");
  EXPECT_EQ(DevptsOptions(""), "ptmxmode=666");
}

}  // namespace
}  // namespace tardigrade::pty
