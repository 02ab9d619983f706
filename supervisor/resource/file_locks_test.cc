#include "supervisor/resource/file_locks.h"

#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

FdInfo Info(const std::string& locks) {
  return ParseFdInfo("pos:\t0\nflags:\t02\n" + locks).value();
}

TEST(ParseLocks, ReadsEveryKind) {
  const Result<std::vector<FileLock>> locks =
      ParseLocks(Info("lock:\t1: FLOCK  ADVISORY  WRITE 9398 fe:00:10953857 0 EOF\n"
                      "lock:\t2: POSIX  ADVISORY  READ 9398 fe:00:10953857 10 14\n"
                      "lock:\t3: OFDLCK ADVISORY  WRITE -1 fe:00:10953857 7 EOF\n"));
  ASSERT_THAT(locks, IsOk());
  EXPECT_EQ(locks.value(),
            (std::vector<FileLock>{
                {.kind = LockKind::kFlock, .exclusive = true, .start = 0, .length = 0, .pid = 9398},
                {.kind = LockKind::kPosix, .exclusive = false, .start = 10, .length = 5, .pid = 9398},
                {.kind = LockKind::kDescription, .exclusive = true, .start = 7, .length = 0}}));
}

TEST(ParseLocks, TellsApartWhoseTheyAre) {
  const FdInfo info = Info("lock:\t1: FLOCK  ADVISORY  WRITE 9398 fe:00:10953857 0 EOF\n"
                           "lock:\t2: POSIX  ADVISORY  WRITE 9398 fe:00:10953857 10 14\n");
  EXPECT_EQ(ParseDescriptionLocks(info).value().size(), 1u);
  FdFacts file;
  file.info = info;
  const Result<Value> of_process = CollectProcessLocks(file);
  ASSERT_THAT(of_process, IsOk());
  SyscallPlan plan;
  ASSERT_THAT(PlanProcessLocks(of_process.value(), "/x", 5, 0, plan), IsOk());
  EXPECT_EQ(plan.size(), 1u);
  file.info = Info("lock:\t1: FLOCK  ADVISORY  WRITE 9398 fe:00:10953857 0 EOF\n");
  EXPECT_TRUE(CollectProcessLocks(file).value().IsNull());
  EXPECT_THAT(PlanProcessLocks(Value(7), "/x", 5, 0, plan), FailsWith(ErrorCode::kBadImage, "of_process"));
}

TEST(ProcessLocks, OfASharedTableEachTakesItsOwn) {
  JobPids job;
  job.AddProcess(100, 1);
  job.AddProcess(101, 2);
  job.AddProcess(102, 3);
  job.AddSharer(101, 100);
  job.AddSharer(102, 90);
  FdFacts file;
  file.pid = 100;
  file.job = &job;
  file.info = Info("lock:\t1: POSIX  ADVISORY  WRITE 100 fe:00:10953857 0 0\n"
                   "lock:\t2: POSIX  ADVISORY  WRITE 101 fe:00:10953857 1 1\n"
                   "lock:\t3: POSIX  ADVISORY  WRITE 102 fe:00:10953857 2 2\n"
                   "lock:\t4: POSIX  ADVISORY  WRITE 103 fe:00:10953857 3 3\n");
  const Result<Value> locks = CollectProcessLocks(file);
  ASSERT_THAT(locks, IsOk());
  SyscallPlan first, second, other;
  ASSERT_THAT(PlanProcessLocks(locks.value(), "/x", 5, 0, first), IsOk());
  ASSERT_THAT(PlanProcessLocks(locks.value(), "/x", 5, 2, second), IsOk());
  ASSERT_THAT(PlanProcessLocks(locks.value(), "/x", 5, 3, other), IsOk());
  EXPECT_EQ(first.size(), 3u);
  EXPECT_EQ(second.size(), 1u);
  EXPECT_EQ(other.size(), 0u);
}

TEST(ParseLocks, DelegationsAreRefused) {
  EXPECT_THAT(ParseLocks(Info("lock:\t1: DELEG  ACTIVE    READ 9398 fe:00:10953857 0 EOF\n")),
              FailsWith(ErrorCode::kUnsupported, "a DELEG"));
}

TEST(ParseLease, ReadsBothKindsAmongLocks) {
  const FdInfo info = Info("lock:\t1: FLOCK  ADVISORY  WRITE 9398 fe:00:10953857 0 EOF\n"
                           "lock:\t2: LEASE  ACTIVE    READ 9398 fe:00:10953857 0 EOF\n");
  EXPECT_EQ(ParseLease(info).value(), Lease::kRead);
  EXPECT_EQ(ParseLocks(info).value().size(), 1u);
  EXPECT_EQ(ParseLease(Info("lock:\t1: LEASE  ACTIVE    WRITE 1 fe:00:1 0 EOF\n")).value(), Lease::kWrite);
  EXPECT_EQ(ParseLease(Info("")).value(), Lease::kNone);
}

TEST(ParseLease, OneThatIsBeingBrokenIsRefused) {
  EXPECT_THAT(ParseLease(Info("lock:\t1: LEASE  BREAKING  UNLCK 9398 fe:00:10953857 0 EOF\n")),
              FailsWith(ErrorCode::kUnsupported, "being broken"));
  EXPECT_THAT(ParseLease(Info("lock:\t1: LEASE  ACTIVE    UNLCK 9398 fe:00:10953857 0 EOF\n")),
              FailsWith(ErrorCode::kUnsupported, "cannot read"));
}

TEST(PlanLease, TakesItAndResetsTheOwner) {
  SyscallPlan none, owned, bare, bad;
  EXPECT_THAT(PlanLease(Lease::kNone, false, "/x", 5, none), IsOk());
  EXPECT_THAT(PlanLease(Lease::kRead, true, "/x", 5, owned), IsOk());
  EXPECT_THAT(PlanLease(Lease::kWrite, false, "/x", 5, bare), IsOk());
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(owned.size(), 1u);
  EXPECT_EQ(bare.size(), 2u);
  EXPECT_THAT(PlanLease(static_cast<Lease>(7), false, "/x", 5, bad), FailsWith(ErrorCode::kBadImage, "lease"));
}

TEST(ParseLocks, WhatCannotBeReadIsRefused) {
  EXPECT_THAT(ParseLocks(Info("lock:\t1: POSIX  ADVISORY  READ\n")),
              FailsWith(ErrorCode::kUnsupported, "lock"));
}

}  // namespace
}  // namespace tardigrade
