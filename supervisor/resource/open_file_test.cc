#include "supervisor/resource/open_file.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

class OpenFileTest : public ::testing::Test {
 protected:
  OpenFileTest() {
    signal(SIGUSR1, SIG_IGN);  // Closing an end tells the owner of the other.
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    read_.Reset(fds[0]);
    write_.Reset(fds[1]);
  }
  ScopedFd read_, write_;
};

TEST_F(OpenFileTest, NobodyIsToldByDefault) {
  const Result<OpenFileState> state = ReadOpenFile(FactsOf(read_.get()));
  ASSERT_THAT(state, IsOk());
  EXPECT_FALSE(state.value().owner.has_value());
}

TEST_F(OpenFileTest, OwnerAndSignalComeBack) {
  ASSERT_EQ(fcntl(read_.get(), F_SETOWN, getpid()), 0);
  ASSERT_EQ(fcntl(read_.get(), F_SETSIG, SIGUSR1), 0);
  ASSERT_EQ(fcntl(read_.get(), F_SETFL, O_ASYNC | O_NONBLOCK), 0);
  const Result<OpenFileState> state = ReadOpenFile(FactsOf(read_.get()));
  ASSERT_THAT(state, IsOk());
  const Result<OpenFileState> decoded = Decode<OpenFileState>(Encode(state.value()), "open");
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded.value(), state.value());

  Result<ScopedFd> again = ReopenAs(read_.get(), decoded.value());
  ASSERT_THAT(again, IsOk());
  const int fd = again.value().get();
  SyscallPlan plan;
  PlanFdOwner(decoded.value().owner, decoded.value().flags, fd, plan);
  ASSERT_THAT(RunHere(plan).Check(), IsOk());
  EXPECT_EQ(fcntl(fd, F_GETOWN), getpid());
  EXPECT_EQ(fcntl(fd, F_GETSIG), SIGUSR1);
  EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ASYNC | O_NONBLOCK), O_ASYNC | O_NONBLOCK);
}

TEST_F(OpenFileTest, AForeignOwnerIsRefused) {
  ASSERT_EQ(fcntl(read_.get(), F_SETOWN, getppid()), 0);
  FdFacts file = FactsOf(read_.get());
  file.pid = 1 << 21;  // Somebody else, whoever getppid() is.
  EXPECT_THAT(ReadOpenFile(file), FailsWith(ErrorCode::kUnsupported, "F_SETOWN"));
}

TEST_F(OpenFileTest, AnOwnersSignalIsRangeChecked) {
  Value::Object owner{{"type", Value(0)}, {"id", Value(1)}, {"signal", Value(65)}};
  Value::Object open{{"flags", Value(2)}, {"owner", Value(std::move(owner))}};
  EXPECT_THAT(Decode<OpenFileState>(Value(std::move(open)), "pipe.open"),
              FailsWith(ErrorCode::kBadImage, "pipe.open.owner.signal"));
}

}  // namespace
}  // namespace tardigrade
