#include "plugins/terminal/terminal_kind.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::terminal {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class TerminalKindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    master_.Reset(posix_openpt(O_RDWR | O_NOCTTY));
    if (!master_.valid() || unlockpt(master_.get()) != 0)
      GTEST_SKIP() << "no pseudo terminals here";
    slave_.Reset(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_NONBLOCK));
    if (!slave_.valid()) GTEST_SKIP() << "no pseudo terminals here";
  }
  Value Collect() { return kind_.Collect(FactsOf(slave_.get()), {}, contexts_).value(); }

  TerminalKind kind_;
  FakeContexts contexts_;
  ScopedFd master_, slave_;
};

TEST_F(TerminalKindTest, ClaimsTheSlaveNotTheMaster) {
  EXPECT_TRUE(kind_.Claims(FactsOf(slave_.get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(master_.get())));
}

TEST_F(TerminalKindTest, TheSameTerminalIsOpenedAgain) {
  const Value state = Collect();
  const Result<ScopedFd> again = kind_.Create(state, contexts_.create());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(FactsOf(again.value().get()).stat.st_rdev, FactsOf(slave_.get()).stat.st_rdev);
  EXPECT_EQ(fcntl(again.value().get(), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  EXPECT_TRUE(contexts_.warnings.empty());
}

TEST_F(TerminalKindTest, AGoneTerminalIsReplacedByNameOrByTheCallersOrRefused) {
  const Value state = Collect();
  const std::string path = FactsOf(slave_.get()).link;
  slave_.Reset();
  master_.Reset();
  const Result<ScopedFd> callers = kind_.Create(state, contexts_.create());
  if (callers.has_value()) {
    EXPECT_TRUE(isatty(callers.value().get()));
    EXPECT_EQ(contexts_.warnings.size(), 1u);
  } else {
    EXPECT_THAT(callers, FailsWith(ErrorCode::kUnsupported, StrCat("--set-file ", path)));
  }
  contexts_.moved[path] = "/dev/null";
  const Result<ScopedFd> null = kind_.Create(state, contexts_.create());
  ASSERT_THAT(null, IsOk());
  EXPECT_EQ(FactsOf(null.value().get()).link, "/dev/null");
}

TEST_F(TerminalKindTest, MalformedImagesAreRejected) {
  TerminalState state;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "terminal.path"));
}

}  // namespace
}  // namespace tardigrade::terminal
