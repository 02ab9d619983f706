#include "supervisor/kernel/task_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kText =
    "Name:\tsh\nUmask:\t0022\nUid:\t1\t2\t3\t4\nGroups:\t \nCapBnd:\t000001fffeffffff\n"
    "Cpus_allowed:\t3\nSeccomp_filters:\t2\nSeccomp:\tx";

TEST(TaskStatus, FindsWholeKeysOnly) {
  EXPECT_THAT(StatusField(kText, "Seccomp"), IsOkAnd("x"));
  EXPECT_THAT(StatusField(kText, "Cap"), FailsWith(ErrorCode::kUnsupported, "no Cap"));
}

TEST(TaskStatus, ReadsNumbersOfAnyBase) {
  EXPECT_THAT(StatusNumber(kText, "Umask", 8), IsOkAnd(022u));
  EXPECT_THAT(StatusNumber(kText, "CapBnd", 16), IsOkAnd(0x1fffeffffffu));
  EXPECT_THAT(StatusNumbers(kText, "Uid", 10), IsOkAnd(ElementsAre(1, 2, 3, 4)));
  EXPECT_THAT(StatusNumbers(kText, "Groups", 10), IsOkAnd(IsEmpty()));
}

TEST(TaskStatus, WhatIsNoNumberIsAnError) {
  EXPECT_THAT(StatusNumber(kText, "Seccomp", 10), FailsWith(ErrorCode::kInternal, "Seccomp"));
  EXPECT_THAT(StatusNumber(kText, "Uid", 10), FailsWith(ErrorCode::kInternal, "one number"));
  EXPECT_THAT(StatusNumber("A:\t12z", "A", 10), FailsWith(ErrorCode::kInternal, "A is not"));
}

TEST(TaskStatus, TheInnerIdIsTheLast) {
  EXPECT_THAT(InnerId("NSpid:\t812\t17\t1\nNSpgid:\t812"), IsOkAnd(1));
  EXPECT_THAT(InnerId("NSpid:\t812\n"), IsOkAnd(812));
  EXPECT_THAT(InnerId("NSpid:\t\n"), FailsWith(ErrorCode::kInternal, "NSpid"));
  EXPECT_THAT(InnerId("Pid:\t1\n"), FailsWith(ErrorCode::kUnsupported, "NSpid"));
  const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
  EXPECT_THAT(ReadInnerTid(getpid(), tid), IsOkAnd(tid));
  EXPECT_THAT(ReadInnerTid(getpid(), 1 << 23), FailsWith(ErrorCode::kSystem, "status"));
}

}  // namespace
}  // namespace tardigrade
