#include "plugins/unix_socket/unix_socket_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/socket_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::unix_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

std::string Receive(const ScopedFd& fd) {
  std::string text(100000, '\0');
  const ssize_t got = recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return got < 0 ? "nothing" : text;
}

class UnixSocketKindTest : public ::testing::Test {
 protected:
  // Adds a pair to the job.
  void AddPair(int type) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, type, 0, ends), 0);
    job_.emplace_back(ends[0]);
    job_.emplace_back(ends[1]);
  }
  void Send(size_t from, std::string_view text) {
    ASSERT_EQ(send(job_[from].get(), text.data(), text.size(), MSG_DONTWAIT),
              static_cast<ssize_t>(text.size()));
  }
  std::vector<FdFacts> All() {
    std::vector<FdFacts> all;
    for (const ScopedFd& fd : job_)
      if (fd.valid()) all.push_back(FactsOf(fd.get()));
    return all;
  }
  std::vector<Value> Collect() {
    const std::vector<FdFacts> all = All();
    std::vector<Value> states;
    for (const FdFacts& file : all) {
      EXPECT_TRUE(kind_.Claims(file));
      EXPECT_THAT(kind_.Check(file, all), IsOk());
      Result<Value> state = kind_.Collect(file, all, contexts_);
      EXPECT_THAT(state, IsOk());
      if (state.has_value()) states.push_back(std::move(state).value());
    }
    return states;
  }
  // Replaces the job by a restored one.
  void RoundTrip() {
    const std::vector<Value> states = Collect();
    job_.clear();
    for (const Value& state : states) {
      Result<ScopedFd> made = kind_.Create(state, contexts_.create());
      ASSERT_THAT(made, IsOk());
      job_.push_back(std::move(made).value());
    }
    for (size_t i = 0; i < states.size(); ++i)
      ASSERT_THAT(kind_.Fill(states[i], job_[i].get(), contexts_.create()), IsOk());
    for (size_t i = 0; i < states.size(); ++i)
      ASSERT_THAT(kind_.Settle(states[i], job_[i].get(), contexts_.create()), IsOk());
    contexts_.DropObjects();
  }
  SocketState StateOf(const Value& file) {
    const SocketFileState state = Decode<SocketFileState>(file, "file").value();
    return DecodeSocket(state.object, contexts_.create()).value();
  }

  UnixSocketKind kind_;
  UnixSocketObject object_;
  FakeContexts contexts_{{&object_}};
  std::vector<ScopedFd> job_;
};

TEST_F(UnixSocketKindTest, ClaimsUnixSocketsOnly) {
  const ScopedFd tcp(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_FALSE(kind_.Claims(FactsOf(tcp.get())));
  const ScopedFd unix_one(socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_TRUE(kind_.Claims(FactsOf(unix_one.get())));
  FdFacts file;
  file.stat.st_mode = S_IFREG;
  EXPECT_FALSE(kind_.Claims(file));
}

TEST_F(UnixSocketKindTest, LookingChangesNothing) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    AddPair(type);
    Send(job_.size() - 2, "one");
    Send(job_.size() - 2, "two");
  }
  Collect();
  Collect();
  EXPECT_EQ(Receive(job_[1]), "onetwo");
  for (const size_t i : {3, 5}) {
    EXPECT_EQ(Receive(job_[i]), "one");
    EXPECT_EQ(Receive(job_[i]), "two");
    EXPECT_EQ(Receive(job_[i]), "nothing");
  }
}

TEST_F(UnixSocketKindTest, AMessageWithoutBytesIsSavedOrRefused) {
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    job_.clear();
    AddPair(type);
    Send(0, "");
    Send(0, "full");
    Send(0, std::string(60000, 'x'));
    Collect();
    EXPECT_EQ(StateOf(Collect()[1]).queue.messages.size(), 3u);
    {
      // The first one can be seen again.
      const std::vector<FdFacts> now = All();
      FakeContexts other({&object_});
      EXPECT_THAT(kind_.Collect(now[1], now, other), IsOk());
    }
    Send(0, "");
    Send(0, "last");
    const std::vector<FdFacts> all = All();
    FakeContexts first({&object_}), second({&object_});
    EXPECT_THAT(kind_.Collect(all[1], all, first), IsOk());
    EXPECT_THAT(kind_.Collect(all[1], all, second),
                FailsWith(ErrorCode::kUnsupported, "a message without bytes"));
  }
}

TEST_F(UnixSocketKindTest, PairsComeBackWithWhatIsInThem) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) AddPair(type);
  for (size_t i = 0; i < job_.size(); ++i) Send(i, "from " + std::to_string(i));
  RoundTrip();
  for (size_t i = 0; i < job_.size(); ++i)
    EXPECT_EQ(Receive(job_[i]), "from " + std::to_string(i ^ 1));
  for (size_t i = 0; i < job_.size(); ++i) Send(i, "again");
  for (size_t i = 0; i < job_.size(); ++i) EXPECT_EQ(Receive(job_[i]), "again");
}

TEST_F(UnixSocketKindTest, AClosedPeerIsAHangup) {
  AddPair(SOCK_STREAM);
  Send(1, "rest");
  job_.pop_back();
  RoundTrip();
  pollfd poller{.fd = job_[0].get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poller, 1, 0), 1);
  EXPECT_EQ(poller.revents, POLLIN | POLLHUP);
  EXPECT_EQ(Receive(job_[0]), "rest");
  EXPECT_EQ(Receive(job_[0]), "");
}

TEST_F(UnixSocketKindTest, APeerElsewhereIsRefusedUnlessToldOtherwise) {
  AddPair(SOCK_STREAM);
  const ScopedFd elsewhere = std::move(job_.back());
  job_.pop_back();
  std::vector<FdFacts> all = All();
  const std::string us = StrCat("is connected to process ", getpid(), " (");
  EXPECT_THAT(kind_.Check(all[0], all), FailsWith(ErrorCode::kUnsupported, us));
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_),
              FailsWith(ErrorCode::kUnsupported, "--external"));
  all[0].external = ExternalPolicy::kReconnect;
  EXPECT_THAT(kind_.Check(all[0], all), IsOk());
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_),
              FailsWith(ErrorCode::kUnsupported, "was not connected to an address"));
  all[0].external = ExternalPolicy::kClose;
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_), IsOk());
}

TEST_F(UnixSocketKindTest, DescriptorsComeWithTheirOwnBytes) {
  AddPair(SOCK_STREAM);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const ScopedFd read_end(ends[0]), write_end(ends[1]);
  Send(0, "before");
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char text[] = "with";
  iovec piece{.iov_base = text, .iov_len = 4};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  cmsghdr* const message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(message), &ends[0], sizeof(int));
  ASSERT_EQ(sendmsg(job_[0].get(), &header, 0), 4);
  Send(0, "after");
  EXPECT_TRUE(kind_.MayHoldFiles(FactsOf(job_[1].get())));
  EXPECT_FALSE(kind_.MayHoldFiles(FactsOf(job_[0].get())));
  EXPECT_EQ(kind_.HeldFiles(FactsOf(job_[1].get())).value().files.size(), 1u);
  const std::vector<Value> states = Collect();
  const Queue queue = StateOf(states[1]).queue;
  ASSERT_EQ(queue.messages.size(), 3u);
  EXPECT_EQ(queue.messages[0].size, 6u);
  EXPECT_EQ(queue.messages[1].size, 4u);
  EXPECT_EQ(queue.messages[1].files.size(), 1u);
  EXPECT_EQ(queue.messages[2].size, 5u);
}

TEST_F(UnixSocketKindTest, AMovedNameIsTheNewOne) {
  const std::string path = StrCat("/tmp/unix_socket_kind_test.", getpid());
  const Address address(path);
  job_.emplace_back(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(bind(job_[0].get(), address.data(), address.size()), 0);
  ASSERT_EQ(listen(job_[0].get(), 1), 0);
  const std::vector<Value> states = Collect();
  EXPECT_THAT(kind_.Create(states[0], contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "is in use"));
  contexts_.moved[path] = path + ".moved";
  const Result<ScopedFd> made = kind_.Create(states[0], contexts_.create());
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(ReadName(made.value().get()).value(), path + ".moved" + std::string(1, '\0'));
  unlink(path.c_str());
  unlink((path + ".moved").c_str());
}

class MalformedSocketTest : public UnixSocketKindTest {
 protected:
  void SetUp() override {
    AddPair(SOCK_STREAM);
    Send(1, "data");
    state_ = StateOf(Collect()[0]);
  }
  Status Decoded() { return DecodeStatus(Encode(state_)); }
  Status DecodeStatus(const Value& value) {
    const Result<SocketState> decoded = DecodeSocket(value, contexts_.create());
    if (decoded.has_value()) return Ok();
    return Error(decoded.error());
  }
  SocketState state_;
};

TEST_F(MalformedSocketTest, IsRejectedByName) {
  EXPECT_THAT(Decoded(), IsOk());
  const SocketState good = state_;
  state_.type = 4;
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "unix_socket.type"));
  state_ = good;
  state_.stage = static_cast<Stage>(9);
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "unix_socket.stage"));
  state_ = good;
  state_.queue.messages[0].size = 3;
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "do not add up"));
  state_ = good;
  state_.stage = Stage::kIdle;
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "not connected"));
  state_ = good;
  state_.name.text = "/no/nul";
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "unix_socket.name"));
  state_.name.text = std::string("relative\0", 9);
  EXPECT_THAT(Decoded(), FailsWith(ErrorCode::kBadImage, "unix_socket.name"));
  EXPECT_THAT(DecodeStatus(Value(Value::Object())), FailsWith(ErrorCode::kBadImage, "unix_socket.key"));
}

TEST_F(MalformedSocketTest, AConnectionThatOneSideOnlyKnowsOfIsRejected) {
  const std::vector<Value> states = Collect();
  state_.peer = state_.key;
  EXPECT_THAT(object_.Create(Encode(state_), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "are not connected"));
}

}  // namespace
}  // namespace tardigrade::unix_socket
