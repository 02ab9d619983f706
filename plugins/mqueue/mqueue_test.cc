#include <gtest/gtest.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/mqueue/mqueue_kind.h"
#include "plugins/mqueue/mqueue_object.h"
#include "plugins/mqueue/mqueue_state.h"
#include "plugins/mqueue/notification.h"
#include "plugins/mqueue/peek_queue.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::mqueue {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::ForkedTracee;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

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
  const auto messages = PeekQueue(fd_.get(), Peek::kAll);
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

// Nobody is notified: the queue is never seen empty.
TEST_F(MqueueTest, LookingIsNoMessage) {
  for (const std::vector<std::pair<std::string, unsigned>>& messages :
       std::vector<std::vector<std::pair<std::string, unsigned>>>{
           {{"one", 0}},
           {{"", 0}},
           {{std::string(1, 0), 0}},
           {{"high", 32767}},
           {{"a", 7}, {"b", 7}, {"c", 9}, {"", 8}},
           {{"", 7}, {std::string(1, 0), 7}, {"", 7}},
           {{"1", 0}, {"2", 1}, {"3", 0}, {"4", 1}, {"5", 2}, {"6", 0}, {"7", 2}}}) {
    sigevent event = {};
    event.sigev_notify = SIGEV_NONE;
    for (const auto& [text, priority] : messages) Send(text, priority);
    ASSERT_EQ(mq_notify(fd_.get(), &event), 0);
    const auto looked = PeekQueue(fd_.get(), Peek::kNeverEmpty);
    ASSERT_THAT(looked, IsOk());
    EXPECT_EQ(mq_notify(fd_.get(), &event), -1);
    EXPECT_EQ(errno, EBUSY) << "the request is gone";
    ASSERT_EQ(mq_notify(fd_.get(), nullptr), 0);
    for (const QueuedMessage& message : looked.value())
      EXPECT_EQ(Receive(fd_.get()),
                StrCat(message.priority, ":",
                       std::string(reinterpret_cast<const char*>(message.text.data()),
                                   message.text.size())));
    EXPECT_EQ(looked.value().size(), messages.size());
    EXPECT_EQ(Receive(fd_.get()), "none");
  }
}

TEST_F(MqueueTest, WithoutRoomForAnotherMessageNobodyLooks) {
  mq_attr attributes = {};
  attributes.mq_maxmsg = attributes.mq_msgsize = 1;
  const std::string name = name_ + "-small";
  const ScopedFd small(
      mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes));
  mq_unlink(name.c_str());
  ASSERT_EQ(mq_send(small.get(), "x", 1, 0), 0);
  EXPECT_THAT(PeekQueue(small.get(), Peek::kNeverEmpty),
              FailsWith(ErrorCode::kUnsupported, "no room"));
}

class NotificationTest : public MqueueTest {
 protected:
  // A process that closes a descriptor of the queue takes back what it asked for: another one asks,
  // by `fd`.
  void LetAsk(int fd, const sigevent& event, int closed = -1) {
    asker_.emplace([&] {
      // The C library's would make a thread.
      if (syscall(SYS_mq_notify, fd, &event) != 0) abort();
      close(closed);
    });
  }
  FdFacts Facts(int fd) {
    FdFacts file = FactsOf(fd);
    file.pid = file.inner_pid = asker_->pid();
    return file;
  }
  // Saves what the other process asked for, and asks for it; false where the caller may not see the
  // kernel.
  bool AskAgain() {
    const FdFacts file = Facts(fd_.get());
    const Status checked = kind_.Check(file, std::span(&file, 1));
    if (!checked.has_value() && checked.error().code() == ErrorCode::kDenied) return false;
    EXPECT_THAT(checked, IsOk());
    const Result<Value> saved = kind_.CollectOfProcess(file);
    EXPECT_THAT(saved, IsOk());
    asker_.reset();
    EXPECT_TRUE(kind_.CollectOfProcess(FactsOf(fd_.get())).value().IsNull());
    SyscallPlan plan, not_mine;
    EXPECT_THAT(kind_.PlanOfProcess({}, saved.value(), fd_.get(), 0, plan), IsOk());
    EXPECT_THAT(kind_.PlanOfProcess({}, saved.value(), fd_.get(), 5, not_mine), IsOk());
    EXPECT_TRUE(not_mine.empty());
    EXPECT_THAT(RunHere(plan).Check(), IsOk());
    return true;
  }
  static sigevent None() {
    sigevent event = {};
    event.sigev_notify = SIGEV_NONE;
    return event;
  }
  static sigevent ToSocket(int fd, void* cookie) {
    sigevent event = {};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_signo = fd;
    event.sigev_value.sival_ptr = cookie;
    return event;
  }

  std::optional<ForkedTracee> asker_;
};

TEST_F(NotificationTest, ASignalComesWithItsValue) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR2;
  event.sigev_value.sival_ptr = &set;
  LetAsk(fd_.get(), event);
  if (!AskAgain()) GTEST_SKIP() << "takes CAP_BPF";
  Send("x", 0);
  siginfo_t info = {};
  const timespec soon = {.tv_sec = 5, .tv_nsec = 0};
  ASSERT_EQ(sigtimedwait(&set, &info, &soon), SIGUSR2);
  EXPECT_EQ(info.si_value.sival_ptr, &set);
}

TEST_F(NotificationTest, ASocketGetsItsCookie) {
  const ScopedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
  std::array<char, 32> cookie, got = {};
  cookie.fill('c');
  LetAsk(fd_.get(), ToSocket(socket.get(), cookie.data()));
  if (!AskAgain()) GTEST_SKIP() << "takes CAP_BPF";
  ASSERT_EQ(recv(socket.get(), got.data(), got.size(), MSG_DONTWAIT), 32);
  EXPECT_EQ(got[31], 2) << "NOTIFY_REMOVED of who asked first";
  Send("x", 0);
  ASSERT_EQ(recv(socket.get(), got.data(), got.size(), MSG_DONTWAIT), 32);
  EXPECT_EQ(got[31], 1) << "NOTIFY_WOKENUP";
  EXPECT_EQ(got[30], 'c');
}

TEST_F(NotificationTest, NoneIsAskedForAgainByOneDescriptorOfSeveral) {
  const ScopedFd other = Reopen(fd_.get(), O_RDONLY).value();
  ASSERT_LT(fd_.get(), other.get());
  LetAsk(other.get(), None());
  EXPECT_TRUE(kind_.CollectOfProcess(Facts(other.get())).value().IsNull());
  EXPECT_TRUE(AskAgain());
  const sigevent event = None();
  EXPECT_EQ(mq_notify(other.get(), &event), -1);
  EXPECT_EQ(errno, EBUSY);
}

TEST_F(NotificationTest, ASocketThatIsGoneIsRefused) {
  std::array<char, 32> cookie = {};
  const ScopedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
  LetAsk(fd_.get(), ToSocket(socket.get(), cookie.data()), socket.get());
  const FdFacts file = Facts(fd_.get());
  const Status checked = kind_.Check(file, std::span(&file, 1));
  if (checked.error().code() == ErrorCode::kDenied) GTEST_SKIP() << "takes CAP_BPF";
  EXPECT_THAT(checked, FailsWith(ErrorCode::kUnsupported, "does not have open"));
}

TEST_F(NotificationTest, OfAProcessThatIsNotSavedItIsRefused) {
  LetAsk(fd_.get(), None());
  const FdFacts file = FactsOf(fd_.get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "mq_notify"));
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
  SyscallPlan plan;
  EXPECT_THAT(kind_.PlanOfProcess({}, Encode(NotificationState{.notify = 4}), 3, 0, plan),
              FailsWith(ErrorCode::kBadImage, "of_process.notify"));
}

}  // namespace
}  // namespace tardigrade::mqueue
