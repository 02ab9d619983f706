#include "plugins/inet_socket/tcp_keep.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>

#include "plugins/inet_socket/tcp_repair.h"
#include "plugins/inet_socket/tcp_socket_kind.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inet_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr uint32_t kHoldS = 60;

std::string Receive(const ScopedFd& fd) {
  const timeval wait{.tv_sec = 3, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  std::string text(1000, '\0');
  const ssize_t got = recv(fd.get(), text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return got < 0 ? "nothing" : text;
}

void Send(const ScopedFd& fd, std::string_view text) {
  ASSERT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// A connection between the job and somebody else, in a network namespace of its own.
class TcpKeepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
      GTEST_SKIP() << "no network namespace can be made here";
    if (Status may = CheckMayRepair(); !may.has_value()) GTEST_SKIP() << may.error().ToString();
    const ScopedFd any(socket(AF_INET, SOCK_DGRAM, 0));
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    ASSERT_EQ(ioctl(any.get(), SIOCSIFFLAGS, &request), 0);
    const ScopedFd listener(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    ASSERT_EQ(bind(listener.get(), at, size), 0);
    ASSERT_EQ(listen(listener.get(), 1), 0);
    ASSERT_EQ(getsockname(listener.get(), at, &size), 0);
    job_.Reset(socket(AF_INET, SOCK_STREAM, 0));
    const int on = 1;
    setsockopt(job_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ASSERT_EQ(connect(job_.get(), at, size), 0);
    peer_.Reset(accept(listener.get(), nullptr, nullptr));
  }

  void Collect() {
    facts_ = FactsOf(job_.get());
    facts_.frozen = true;
    facts_.external = ExternalPolicy::kKeep;
    const FdFacts* const files[] = {&facts_};
    const std::span<const FdFacts> all(&facts_, 1);
    EXPECT_THAT(kind_.Check(facts_, all), IsOk());
    auto suspension = kind_.Suspend(files, all, kHoldS);
    ASSERT_THAT(suspension, IsOk());
    suspension_ = std::move(suspension).value();
    ASSERT_NE(suspension_, nullptr);
    facts_.suspension = suspension_.get();
    Result<Value> state = kind_.Collect(facts_, all, contexts_);
    ASSERT_THAT(state, IsOk());
    state_ = std::move(state).value();
    object_state_ = *contexts_.create().ObjectState(TcpKey(facts_.stat.st_ino));
  }

  void Kill() {
    ASSERT_THAT(suspension_->PrepareForKill(), IsOk());
    job_.Reset();
    suspension_->Killed();
    suspension_.reset();
  }

  void Restore() {
    const Value* const states[] = {&object_state_};
    auto resumption = object_.Resume(states, contexts_.create().attachments());
    ASSERT_THAT(resumption, IsOk());
    Result<ScopedFd> made = kind_.Create(state_, contexts_.create());
    ASSERT_THAT(made, IsOk());
    job_ = std::move(made).value();
    ASSERT_THAT(kind_.Fill(state_, job_.get(), contexts_.create()), IsOk());
    ASSERT_THAT(kind_.Settle(state_, job_.get(), contexts_.create()), IsOk());
    EXPECT_EQ(contexts_.held_back.size(), 1u);
    ASSERT_THAT(resumption.value()->Release(contexts_.held_back), IsOk());
    contexts_.held_back.clear();
    contexts_.DropObjects();
  }

  void ExpectItLives() {
    EXPECT_EQ(Number(job_.get(), TCP_REPAIR), 0);
    EXPECT_EQ(SocketNumber(job_.get(), SO_REUSEADDR), 1);
    Send(job_, "from the job");
    EXPECT_EQ(Receive(peer_), "from the job");
    Send(peer_, "from the peer");
    EXPECT_EQ(Receive(job_), "from the peer");
  }

  TcpSocketKind kind_;
  TcpSocketObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd job_, peer_;
  FdFacts facts_;
  std::unique_ptr<Suspension> suspension_;
  Value state_, object_state_;
};

TEST_F(TcpKeepTest, LookingChangesNothing) {
  Send(peer_, "unread");
  Collect();
  EXPECT_EQ(SocketNumber(job_.get(), SO_REUSEADDR), 1);
  suspension_.reset();
  EXPECT_EQ(Receive(job_), "unread");
  ExpectItLives();
}

TEST_F(TcpKeepTest, ItGoesOnAfterAKill) {
  Send(peer_, "unread");
  Collect();
  Kill();
  Send(peer_, " and sent since");
  Restore();
  EXPECT_EQ(Receive(job_), "unread");
  EXPECT_EQ(Receive(job_), " and sent since");
  ExpectItLives();
  job_.Reset();
  EXPECT_EQ(Receive(peer_), "");
}

TEST_F(TcpKeepTest, WhatWasUnderWayArrives) {
  std::string sent;
  const std::string_view digits = "0123456789";
  for (ssize_t n = 0; (n = send(job_.get(), digits.data(), digits.size(), MSG_DONTWAIT)) > 0;)
    sent += digits.substr(0, static_cast<size_t>(n));
  ASSERT_EQ(shutdown(job_.get(), SHUT_WR), 0);
  Collect();
  Kill();
  Restore();
  std::string got;
  for (std::string piece = Receive(peer_); !piece.empty(); piece = Receive(peer_)) {
    ASSERT_NE(piece, "nothing");
    got += piece;
  }
  EXPECT_EQ(got.size(), sent.size());
  EXPECT_TRUE(got == sent);
}

TEST_F(TcpKeepTest, AnEndThatWasReceivedIsReceivedAgain) {
  Send(peer_, "last words");
  ASSERT_EQ(shutdown(peer_.get(), SHUT_WR), 0);
  Collect();
  Kill();
  Restore();
  EXPECT_EQ(Receive(job_), "last words");
  EXPECT_EQ(Receive(job_), "");
  Send(job_, "answer");
  EXPECT_EQ(Receive(peer_), "answer");
}

TEST_F(TcpKeepTest, AKillThatDoesNotComeLeavesNoTable) {
  Collect();
  ASSERT_THAT(suspension_->PrepareForKill(), IsOk());
  suspension_.reset();
  EXPECT_TRUE(NfTables::Open().value().ListLeased(kTablePrefix).value().empty());
  ExpectItLives();
}

TEST_F(TcpKeepTest, AConnectionThatIsThereIsNamed) {
  Collect();
  suspension_.reset();
  EXPECT_THAT(kind_.Create(state_, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "already"));
  ExpectItLives();
}

TEST_F(TcpKeepTest, MalformedImagesAreRejectedByName) {
  Collect();
  const TcpState good = DecodeTcp(object_state_).value();
  const auto decoded = [](const TcpState& state) -> Status {
    RETURN_IF_ERROR(DecodeTcp(Encode(state)));
    return Ok();
  };
  EXPECT_THAT(decoded(good), IsOk());
  TcpState bad = good;
  bad.kept->hold = "somebody-elses";
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "kept.hold"));
  bad = good;
  bad.kept->send_scale = 15;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "send_scale"));
  bad = good;
  bad.kept->largest_window = bad.kept->send_window - 1;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "largest_window"));
  bad = good;
  bad.kept.reset();
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "contradict"));
}

}  // namespace
}  // namespace tardigrade::inet_socket
