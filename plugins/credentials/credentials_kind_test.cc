#include "plugins/credentials/credentials_kind.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/credentials/credentials_plan.h"
#include "plugins/credentials/credentials_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::credentials {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

CredentialsState OfFresh() {
  PracticeTask task;
  return Decode<CredentialsState>(task.Collect(CredentialsKind()).value(), "").value();
}

// Root that may become anybody: not in a user namespace where other ids do not exist.
bool IsFullRoot() {
  const CredentialsState own = OfFresh();
  if (ReadFile("/proc/self/uid_map").value().find("4294967295") == std::string::npos) return false;
  const uint64_t needed =
      Bit(CAP_SETUID) | Bit(CAP_SETGID) | Bit(CAP_SETPCAP) | Bit(CAP_NET_RAW) | Bit(CAP_CHOWN);
  return own.uids[0] == 0 && (own.effective & needed) == needed;
}

void ExpectComesBack(const CredentialsState& state) {
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(CredentialsKind(), Encode(state)), IsOk());
  EXPECT_EQ(restored.Collect(CredentialsKind()).value(), Encode(state));
}

TEST(CredentialsKind, OfALeaderThatHasExitedNothingIsAsked) {
  PracticeTask task;
  TaskFacts facts = task.Facts();
  facts.exited = true;
  const SyscallPlan nothing;
  const auto state =
      CredentialsKind().Collect(facts, Outcome(nothing, nothing.Compile()), 0, task.contexts());
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(Decode<CredentialsState>(state.value(), "").value().uids, OfFresh().uids);
}

TEST(CredentialsKind, UnchangedOnesNeedNoSteps) {
  TaskPlan plan;
  ASSERT_THAT(CredentialsKind().Restore(Encode(OfFresh()), {}, plan), IsOk());
  EXPECT_TRUE(plan[Phase::kCredentials].empty());
}

TEST(CredentialsKind, AnOrdinaryUserComesBack) {
  if (!IsFullRoot()) GTEST_SKIP() << "needs root";
  PracticeTask source([] {
    const gid_t groups[] = {100, 7, 50};
    if (setgroups(3, groups) != 0 || setresgid(100, 100, 100) != 0 ||
        setresuid(4321, 4321, 4321) != 0)
      abort();
    prctl(PR_SET_DUMPABLE, 1);
  });
  const auto saved =
      Decode<CredentialsState>(source.Collect(CredentialsKind()).value(), "").value();
  EXPECT_EQ(saved.uids, (std::array<uint32_t, 4>{4321, 4321, 4321, 4321}));
  EXPECT_EQ(saved.permitted, 0u);
  ASSERT_NE(saved.bounding, 0u);
  ExpectComesBack(saved);
}

TEST(CredentialsKind, FourDifferentIdsAndSomeCapabilitiesComeBack) {
  if (!IsFullRoot()) GTEST_SKIP() << "needs root";
  CredentialsState state = OfFresh();
  state.uids = {11, 12, 13, 14};
  state.gids = {21, 22, 23, 24};
  state.groups = {};
  state.inheritable = Bit(CAP_NET_RAW) | Bit(CAP_CHOWN);
  state.permitted = Bit(CAP_NET_RAW) | Bit(CAP_KILL);
  state.effective = Bit(CAP_KILL);
  state.ambient = Bit(CAP_NET_RAW);
  state.bounding = Bit(CAP_KILL) | Bit(CAP_NET_BIND_SERVICE);
  state.securebits = SECBIT_KEEP_CAPS | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
  state.no_new_privs = true;
  ExpectComesBack(state);
}

TEST(CredentialsKind, RootWithLessEffectiveStaysRoot) {
  if (!IsFullRoot()) GTEST_SKIP() << "needs root";
  CredentialsState state = OfFresh();
  state.effective = 0;
  state.uids = {0, 4321, 0, 4321};  // A set-user-ID program that has stepped down.
  ExpectComesBack(state);
}

TEST(PlanCredentials, AnOrdinaryUserComesBackInAUserNamespaceOfItsOwn) {
  if (!IsFullRoot()) GTEST_SKIP() << "needs root";
  CredentialsState user;
  user.uids.fill(4321);
  user.gids.fill(4321);
  user.groups = {4321};
  user.bounding = OfFresh().bounding;
  user.no_new_privs = true;
  PracticeTask restored([] {
    const gid_t group = 4321;
    if (setgroups(1, &group) != 0 || setresgid(group, group, group) != 0 ||
        setresuid(4321, 4321, 4321) != 0)
      abort();
    prctl(PR_SET_DUMPABLE, 1);
    if (unshare(CLONE_NEWUSER) != 0 || !WriteFile("/proc/self/setgroups", "deny").has_value() ||
        !WriteFile("/proc/self/uid_map", "4321 4321 1").has_value() ||
        !WriteFile("/proc/self/gid_map", "4321 4321 1").has_value())
      abort();
  });
  const auto found =
      Decode<CredentialsState>(restored.Collect(CredentialsKind()).value(), "").value();
  CredentialsState expected = user;
  expected.no_new_privs = false;
  expected = InNewUserNamespace(expected, found.permitted);
  EXPECT_EQ(Encode(found), Encode(expected));
  SyscallPlan plan;
  PlanCredentials(expected, user, plan);
  ASSERT_THAT(restored.Run(plan).Check(), IsOk());
  EXPECT_EQ(restored.Collect(CredentialsKind()).value(), Encode(user));
}

TEST(CheckReachable, InANamespaceOnlyTheCallersIdsExist) {
  CredentialsState own;
  own.uids.fill(1000);
  own.gids.fill(1000);
  own.groups = {1000, 27};
  const CredentialsState from = InNewUserNamespace(own, Bit(41) - 1);
  EXPECT_EQ(from.permitted, Bit(41) - 1);
  CredentialsState saved = own;
  saved.groups = {27, 1000};
  EXPECT_THAT(CheckReachable(from, saved, false), IsOk());
  saved.uids[1] = 0;
  EXPECT_THAT(CheckReachable(from, saved, false),
              FailsWith(ErrorCode::kDenied, "user ids were 1000 0 1000 1000"));
  saved = own;
  saved.gids[0] = 5;
  EXPECT_THAT(CheckReachable(from, saved, false), FailsWith(ErrorCode::kDenied, "group ids"));
  saved = own;
  saved.groups = {};
  EXPECT_THAT(CheckReachable(from, saved, false),
              FailsWith(ErrorCode::kDenied, "supplementary groups were none"));
}

TEST(CheckReachable, WhatTheCallerLacksIsDenied) {
  CredentialsState own;
  CredentialsState saved;
  saved.permitted = Bit(CAP_CHOWN);
  EXPECT_THAT(CheckReachable(own, saved, true), FailsWith(ErrorCode::kDenied, "capabilities 0x1"));
  saved = own;
  own.no_new_privs = true;
  EXPECT_THAT(CheckReachable(own, saved, true), FailsWith(ErrorCode::kDenied, "no_new_privs"));
  saved.uids[0] = 1;
  EXPECT_THAT(CheckReachable(own, saved, true), FailsWith(ErrorCode::kDenied, "user ids"));
}

TEST(CredentialsKind, BadImagesAreRejected) {
  TaskPlan plan;
  CredentialsState state;
  state.effective = 1;
  EXPECT_THAT(CredentialsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "no task can have"));
  state = {};
  state.securebits = 0x1000;
  EXPECT_THAT(CredentialsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "securebits"));
}

}  // namespace
}  // namespace tardigrade::credentials
