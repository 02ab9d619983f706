#include "plugins/inet_socket/tcp_socket_kind.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/tcp_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inet_socket {
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

class TcpSocketKindTest : public ::testing::Test {
 protected:
  // Adds a listener (0), who connects to it (1), and who was accepted (2).
  void AddConnection() {
    job_.emplace_back(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    ASSERT_EQ(bind(job_[0].get(), at, size), 0);
    ASSERT_EQ(listen(job_[0].get(), 5), 0);
    ASSERT_EQ(getsockname(job_[0].get(), at, &size), 0);
    job_.emplace_back(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(job_[1].get(), at, size), 0);
    job_.emplace_back(accept(job_[0].get(), nullptr, nullptr));
    ASSERT_TRUE(job_[2].valid());
  }
  void Send(size_t from, std::string_view text) {
    ASSERT_EQ(send(job_[from].get(), text.data(), text.size(), MSG_DONTWAIT),
              static_cast<ssize_t>(text.size()));
  }
  std::vector<FdFacts> All() {
    std::vector<FdFacts> all;
    for (const ScopedFd& fd : job_) {
      all.push_back(FactsOf(fd.get()));
      all.back().frozen = true;
    }
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
  // As with --kill.
  void Drop(std::vector<ScopedFd>& fds) {
    const std::vector<FdFacts> all = All();
    for (size_t i = 0; i < fds.size(); ++i)
      if (kind_.OutlivesKill(all[i], all)) kind_.PrepareForKill(fds[i].get());
    fds.clear();
  }
  // Replaces the job by a restored one.
  void RoundTrip() {
    const std::vector<Value> states = Collect();
    Drop(job_);
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
  TcpState StateOf(const Value& file) {
    return DecodeTcp(Decode<InetFileState>(file, "file").value().object, contexts_.create())
        .value();
  }

  TcpSocketKind kind_;
  TcpSocketObject object_;
  FakeContexts contexts_{{&object_}};
  std::vector<ScopedFd> job_;
};

TEST_F(TcpSocketKindTest, ClaimsTcpOnly) {
  EXPECT_TRUE(kind_.Claims(FactsOf(ScopedFd(socket(AF_INET6, SOCK_STREAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_INET, SOCK_DGRAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_UNIX, SOCK_STREAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(STDIN_FILENO)));
}

TEST_F(TcpSocketKindTest, LookingChangesNothing) {
  AddConnection();
  Send(1, "request");
  Send(2, "answer");
  Collect();
  FakeContexts again({&object_});
  const std::vector<FdFacts> all = All();
  for (const FdFacts& file : all) EXPECT_THAT(kind_.Collect(file, all, again), IsOk());
  EXPECT_EQ(Receive(job_[2]), "request");
  EXPECT_EQ(Receive(job_[1]), "answer");
  Drop(job_);
}

TEST_F(TcpSocketKindTest, AConnectionComesBackWithWhatIsInIt) {
  AddConnection();
  Send(1, "request");
  Send(2, "answer");
  const InetAddress client = ReadLocal(job_[1].get()).value().ToInetAddress();
  RoundTrip();
  EXPECT_EQ(ReadLocal(job_[1].get()).value().ToInetAddress(), client);
  EXPECT_EQ(ReadRemote(job_[2].get()).value().ToInetAddress(), client);
  EXPECT_EQ(Receive(job_[2]), "request");
  EXPECT_EQ(Receive(job_[1]), "answer");
  Send(1, "more");
  EXPECT_EQ(Receive(job_[2]), "more");
  Drop(job_);
}

TEST_F(TcpSocketKindTest, APeerElsewhereIsRefusedUnlessToldOtherwise) {
  AddConnection();
  const ScopedFd elsewhere = std::move(job_.back());
  job_.pop_back();
  std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Check(all[1], all),
              FailsWith(ErrorCode::kUnsupported, StrCat("process ", getpid(), " (")));
  EXPECT_THAT(kind_.Collect(all[1], all, contexts_),
              FailsWith(ErrorCode::kUnsupported, "--external close"));
  all[1].external = ExternalPolicy::kClose;
  EXPECT_THAT(kind_.Check(all[1], all), IsOk());
  const Result<Value> state = kind_.Collect(all[1], all, contexts_);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(StateOf(state.value()).ending, Ending::kReset);
}

TEST_F(TcpSocketKindTest, AnAddressInUseIsNamed) {
  AddConnection();
  const std::vector<Value> states = Collect();
  EXPECT_THAT(kind_.Create(states[0], contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "is in use"));
  Drop(job_);
}

TEST_F(TcpSocketKindTest, MalformedImagesAreRejectedByName) {
  AddConnection();
  const TcpState good = StateOf(Collect()[1]);
  const auto decoded = [](const TcpState& state) -> Status {
    RETURN_IF_ERROR(DecodeTcp(Encode(state)));
    return Ok();
  };
  EXPECT_THAT(decoded(good), IsOk());
  TcpState bad = good;
  bad.family = 3;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.family"));
  bad = good;
  bad.stage = static_cast<Stage>(9);
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.stage"));
  bad = good;
  bad.local.text = "::1";
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.local"));
  bad = good;
  bad.remote.port = 0;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.remote"));
  bad = good;
  bad.peer = bad.key;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.peer"));
  bad = good;
  bad.peer.clear();
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "contradict"));
  bad = good;
  bad.stage = Stage::kIdle;
  bad.queue.size = 5;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "tcp_socket.queue"));
  Drop(job_);
}

}  // namespace
}  // namespace tardigrade::inet_socket
