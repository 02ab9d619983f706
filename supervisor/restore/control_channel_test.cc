#include "supervisor/restore/control_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ControlChannel, CarriesTheFirstErrorAndEveryWarning) {
  ControlChannel channel = ControlChannel::Create().value();
  ControlChannel::Reports reports;
  channel.Collect(reports);
  EXPECT_EQ(reports.error, "");
  channel.SayWarning("one");
  channel.SayError(Error(ErrorCode::kDenied, "no"));
  channel.SayError(Error(ErrorCode::kSystem, "later"));
  channel.SayWarning("two");
  channel.Collect(reports);
  EXPECT_THAT(reports.error, HasSubstr("no"));
  EXPECT_EQ(reports.code, ErrorCode::kDenied);
  EXPECT_THAT(reports.warnings, ElementsAre("one", "two"));
}

TEST(ControlChannel, LongTextsAreCut) {
  ControlChannel channel = ControlChannel::Create().value();
  channel.SayWarning(std::string(100000, 'x'));
  ControlChannel::Reports reports;
  channel.Collect(reports);
  ASSERT_EQ(reports.warnings.size(), 1u);
  EXPECT_GT(reports.warnings[0].size(), 1000u);
  EXPECT_LT(reports.warnings[0].size(), 5000u);
}

// The task's exit status says whether it was told to start.
int StatusOfTask(bool start) {
  auto channel = std::make_unique<ControlChannel>(ControlChannel::Create().value());
  const pid_t task = fork();
  if (task == 0) _exit(channel->AwaitStart() ? 1 : 2);
  if (start) {
    EXPECT_THAT(channel->SayStart(), IsOk());
  } else {
    channel.reset();  // The restorer is gone.
  }
  int status = 0;
  waitpid(task, &status, 0);
  return WEXITSTATUS(status);
}

TEST(ControlChannel, TheTaskWaitsForTheWordOrTheRestorersEnd) {
  EXPECT_EQ(StatusOfTask(true), 1);
  EXPECT_EQ(StatusOfTask(false), 2);
}

}  // namespace
}  // namespace tardigrade
