#include "supervisor/checkpoint/namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;

TEST(CheckNamespaces, OursIsFine) { EXPECT_THAT(CheckNamespaces(getpid()), IsOk()); }

TEST(CheckNamespaces, AnotherIsRefusedByName) {
  const ForkedTracee tracee([] { (void)!unshare(CLONE_NEWUSER | CLONE_NEWUTS); });
  if (CheckNamespaces(tracee.pid()).has_value()) GTEST_SKIP() << "user namespaces are not allowed";
  EXPECT_THAT(CheckNamespaces(tracee.pid()), FailsWith(ErrorCode::kUnsupported, "user namespace"));
}

}  // namespace
}  // namespace tardigrade
