#include <gtest/gtest.h>
#include <mqueue.h>
#include <signal.h>
#include <unistd.h>

#include "plugins/mqueue/mqueue_kind.h"
#include "plugins/mqueue/mqueue_object.h"
#include "plugins/mqueue/mqueue_state.h"
#include "plugins/mqueue/peek_queue.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::mqueue {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class MqueueTest : public ::testing::Test {
 protected:
  MqueueTest() {
    mq_attr attributes = {};
    attributes.mq_maxmsg = 7;
    attributes.mq_msgsize = 100;
    fd_.Reset(mq_open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0640, &attributes));
    EXPECT_TRUE(fd_.valid());
  }
  ~MqueueTest() override { mq_unlink(name_.c_str()); }

  void Send(const std::string& text, unsigned priority) {
    EXPECT_EQ(mq_send(fd_.get(), text.data(), text.size(), priority), 0);
  }
  static std::string Receive(int queue) {
    char text[100];
    unsigned priority = 0;
    const ssize_t size = mq_receive(queue, text, sizeof(text), &priority);
    return size < 0 ? "none" : StrCat(priority, ":", std::string(text, static_cast<size_t>(size)));
  }
  static void ExpectMessages(int queue) {
    for (const char* message : {"9:second", "3:first", "3:third", "0:", "none"})
      EXPECT_EQ(Receive(queue), message);
  }
  void SendThem() {
    Send("first", 3);
    Send("second", 9);
    Send("third", 3);
    Send("", 0);
  }

  const std::string name_ = StrCat("/tardigrade-test-", getpid());
  ScopedFd fd_;
  MqueueKind kind_;
  MqueueObject object_;
  FakeContexts contexts_{{&object_}};
};

TEST_F(MqueueTest, LookingLeavesMessagesAndTheirOrder) {
  SendThem();
  const auto messages = PeekQueue(fd_.get());
  ASSERT_THAT(messages, IsOk());
  ASSERT_EQ(messages.value().size(), 4u);
  EXPECT_EQ(messages.value()[0].priority, 9u);
  EXPECT_EQ(messages.value()[1].text.size(), 5u);
  ExpectMessages(fd_.get());
}

TEST_F(MqueueTest, AQueueThatIsGoneComesBackWithMessages) {
  SendThem();
  const ScopedFd reader = Reopen(fd_.get(), O_RDONLY).value();
  const FdFacts file = FactsOf(fd_.get());
  ASSERT_TRUE(kind_.Claims(file));
  ASSERT_THAT(kind_.Check(file, {}), IsOk());
  const Result<Value> both_state = kind_.Collect(file, {}, contexts_);
  const Result<Value> reader_state = kind_.Collect(FactsOf(reader.get()), {}, contexts_);
  ASSERT_THAT(both_state, IsOk());
  ASSERT_THAT(reader_state, IsOk());
  fd_.Reset();
  ASSERT_EQ(mq_unlink(name_.c_str()), 0);
  const Result<ScopedFd> both = kind_.Create(both_state.value(), contexts_.create());
  ASSERT_THAT(both, IsOk());
  const Result<ScopedFd> again = kind_.Create(reader_state.value(), contexts_.create());
  ASSERT_THAT(again, IsOk());
  const FdFacts after = FactsOf(both.value().get());
  EXPECT_EQ(after.link, name_);
  EXPECT_EQ(after.stat.st_mode, file.stat.st_mode);
  EXPECT_EQ(after.info.flags & (O_ACCMODE | O_NONBLOCK), uint64_t{O_RDWR | O_NONBLOCK});
  mq_attr attributes = {};
  mq_getattr(again.value().get(), &attributes);
  EXPECT_EQ(attributes.mq_maxmsg, 7);
  EXPECT_EQ(attributes.mq_msgsize, 100);
  EXPECT_EQ(attributes.mq_flags, 0);
  ExpectMessages(both.value().get());
}

TEST_F(MqueueTest, AQueueThatIsThereStays) {
  SendThem();
  const Result<Value> state = kind_.Collect(FactsOf(fd_.get()), {}, contexts_);
  EXPECT_EQ(Receive(fd_.get()), "9:second");
  const Result<ScopedFd> again = kind_.Create(state.value(), contexts_.create());
  ASSERT_THAT(again, IsOk());
  ASSERT_EQ(contexts_.warnings.size(), 1u);
  EXPECT_NE(contexts_.warnings[0].find("holds 3 messages, 4"), std::string::npos);
  EXPECT_EQ(Receive(again.value().get()), "3:first");
}

TEST_F(MqueueTest, ANamelessQueueIsNamelessAgain) {
  Send("x", 1);
  ASSERT_EQ(mq_unlink(name_.c_str()), 0);
  const Result<Value> state = kind_.Collect(FactsOf(fd_.get()), {}, contexts_);
  ASSERT_THAT(state, IsOk());
  const Result<ScopedFd> again = kind_.Create(state.value(), contexts_.create());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(FactsOf(again.value().get()).link, name_ + " (deleted)");
  EXPECT_EQ(Receive(again.value().get()), "1:x");
  EXPECT_EQ(Receive(fd_.get()), "1:x");
}

TEST_F(MqueueTest, NotificationsAreRefused) {
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  ASSERT_EQ(mq_notify(fd_.get(), &event), 0);
  EXPECT_THAT(kind_.Check(FactsOf(fd_.get()), {}), FailsWith(ErrorCode::kUnsupported, "mq_notify"));
}

TEST_F(MqueueTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Encode(MqueueState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "mqueue.object"));
  QueueState queue{.name = "/a/b", .most_messages = 1, .message_bytes = 1, .messages = {}};
  EXPECT_THAT(object_.Create(Encode(queue), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "mqueue.name"));
  queue.message_bytes = 0;
  EXPECT_THAT(object_.Create(Encode(queue), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "mqueue.message_bytes"));
}

}  // namespace
}  // namespace tardigrade::mqueue
