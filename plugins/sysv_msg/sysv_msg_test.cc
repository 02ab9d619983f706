#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/msg.h>
#include <unistd.h>

#include <cstring>

#include "plugins/sysv_msg/sysv_msg_kind.h"
#include "plugins/sysv_msg/sysv_msg_state.h"
#include "tests/testing/job_fixture.h"
#include "tests/testing/matchers.h"

namespace tardigrade::sysv_msg {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::JobFixture;

struct Message {
  long type;
  char text[16];
};

class SysvMsgTest : public ::testing::Test {
 protected:
  SysvMsgTest() : id_(msgget(key_, IPC_CREAT | IPC_EXCL | 0620)) {
    Send(3, "first");
    Send(1, "second");
    Send(3, "");
  }
  ~SysvMsgTest() override { msgctl(id_, IPC_RMID, nullptr); }

  void Send(long type, const char* text) const {
    Message message = {.type = type, .text = {}};
    std::strncpy(message.text, text, sizeof(message.text) - 1);
    EXPECT_EQ(msgsnd(id_, &message, std::strlen(text), IPC_NOWAIT), 0);
  }
  std::string Receive() const {
    Message message = {};
    const ssize_t size = msgrcv(id_, &message, sizeof(message.text), 0, IPC_NOWAIT);
    return size < 0 ? "none"
                    : StrCat(message.type, ":", std::string(message.text, static_cast<size_t>(size)));
  }
  void ExpectMessages() const {
    for (const char* message : {"3:first", "1:second", "3:", "none"}) EXPECT_EQ(Receive(), message);
  }

  const key_t key_ = 0x56000000 | (getpid() & 0xffffff);
  const int id_;
  SysvMsgKind kind_;
  JobFixture job_;
};

bool MayChooseIds() { return access("/proc/sys/kernel/msg_next_id", W_OK) == 0; }

TEST_F(SysvMsgTest, LookingTakesNothingAndAllComesBack) {
  msqid_ds before = {}, after = {};
  msgctl(id_, IPC_STAT, &before);
  const auto state = job_.Collect(kind_);
  ASSERT_THAT(state, IsOk());
  ASSERT_TRUE(state.value().has_value());
  msgctl(id_, IPC_STAT, &after);
  EXPECT_EQ(std::memcmp(&before, &after, sizeof(before)), 0);
  ExpectMessages();
  if (!MayChooseIds()) GTEST_SKIP() << "ids cannot be chosen here";
  for (const bool gone : {true, false}) {
    if (gone) msgctl(id_, IPC_RMID, nullptr);
    ASSERT_THAT(job_.Restore(kind_, *state.value()), IsOk());
    EXPECT_EQ(msgget(key_, 0), id_);
    msgctl(id_, IPC_STAT, &after);
    EXPECT_EQ(after.msg_lspid, getpid());
    EXPECT_EQ(after.msg_lrpid, 0);
    EXPECT_EQ(after.msg_perm.mode, before.msg_perm.mode);
    ExpectMessages();
  }
}

TEST_F(SysvMsgTest, MalformedImagesAreRejected) {
  SysvMsgState state;
  QueueState& queue = state.queues.emplace_back();
  EXPECT_THAT(job_.Restore(kind_, Encode(state)), FailsWith(ErrorCode::kBadImage, "identity.id"));
  queue.identity.id = 1;
  queue.messages.push_back({.type = 0, .text = {}});
  EXPECT_THAT(job_.Restore(kind_, Encode(state)), FailsWith(ErrorCode::kBadImage, "type"));
  EXPECT_TRUE(job_.made().empty());
}

}  // namespace
}  // namespace tardigrade::sysv_msg
