#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sem.h>
#include <unistd.h>

#include "plugins/sysv_sem/sysv_sem_kind.h"
#include "plugins/sysv_sem/sysv_sem_state.h"
#include "tests/testing/job_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade::sysv_sem {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::JobFixture;

class SysvSemTest : public ::testing::Test {
 protected:
  SysvSemTest() : id_(semget(key_, 2, IPC_CREAT | IPC_EXCL | 0640)) {
    unsigned short values[] = {7, 32767};
    EXPECT_EQ(semctl(id_, 0, SETALL, values), 0);
  }
  ~SysvSemTest() override { semctl(id_, 0, IPC_RMID); }

  const key_t key_ = 0x55000000 | (getpid() & 0xffffff);
  const int id_;
  SysvSemKind kind_;
  JobFixture job_;
};

// Whoever may not choose ids can still collect.
bool MayChooseIds() { return access("/proc/sys/kernel/sem_next_id", W_OK) == 0; }

TEST_F(SysvSemTest, IdKeyModeValuesAndPidsComeBack) {
  const auto state = job_.Collect(kind_);
  ASSERT_THAT(state, IsOk());
  ASSERT_TRUE(state.value().has_value());
  if (!MayChooseIds()) GTEST_SKIP() << "ids cannot be chosen here";
  for (const bool gone : {true, false}) {
    unsigned short other[] = {1, 1};
    if (gone) semctl(id_, 0, IPC_RMID);
    else semctl(id_, 0, SETALL, other);
    ASSERT_THAT(job_.Restore(kind_, *state.value()), IsOk());
    EXPECT_EQ(semget(key_, 0, 0), id_);
    EXPECT_EQ(semctl(id_, 0, GETVAL), 7);
    EXPECT_EQ(semctl(id_, 1, GETVAL), 32767);
    EXPECT_EQ(semctl(id_, 1, GETPID), getpid());
    EXPECT_TRUE(job_.made().contains(id_));
  }
  kind_.Remove(id_);
  EXPECT_LT(semget(key_, 0, 0), 0);
}

TEST_F(SysvSemTest, AnotherSetInItsPlaceIsRefused) {
  const auto state = job_.Collect(kind_);
  ASSERT_THAT(state, IsOk());
  semctl(id_, 0, IPC_RMID);
  const int other = semget(key_, 1, IPC_CREAT | 0600);
  EXPECT_THAT(job_.Restore(kind_, *state.value()),
              FailsWith(ErrorCode::kUnsupported, "another one has its key"));
  semctl(other, 0, IPC_RMID);
}

TEST_F(SysvSemTest, NoSetsNoState) {
  semctl(id_, 0, IPC_RMID);
  const auto state = job_.Collect(kind_);
  ASSERT_THAT(state, IsOk());
  EXPECT_FALSE(state.value().has_value());
}

TEST_F(SysvSemTest, MalformedImagesAreRejected) {
  SysvSemState state;
  SetState& set = state.sets.emplace_back();
  set.identity.id = 5;
  EXPECT_THAT(job_.Restore(kind_, Encode(state)),
              FailsWith(ErrorCode::kBadImage, "sysv_sem.sets[0].semaphores"));
  set.semaphores.push_back({.value = 32768});
  EXPECT_THAT(job_.Restore(kind_, Encode(state)), FailsWith(ErrorCode::kBadImage, "value"));
  set.semaphores[0].value = 1;
  set.undo.push_back({.pid = 1, .semaphore = 1, .adjustment = 1});
  EXPECT_THAT(job_.Restore(kind_, Encode(state)),
              FailsWith(ErrorCode::kBadImage, "not in the set"));
  EXPECT_TRUE(job_.made().empty());
}

}  // namespace
}  // namespace tardigrade::sysv_sem
