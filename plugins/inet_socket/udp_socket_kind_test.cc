#include "plugins/inet_socket/udp_socket_kind.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/udp_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inet_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

ScopedFd Bound() {
  ScopedFd fd(socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

void Send(const ScopedFd& from, const ScopedFd& to, const std::string& text) {
  const SockAddress address = ReadLocal(to.get()).value();
  ASSERT_EQ(sendto(from.get(), text.data(), text.size(), 0, address.data(), address.size()),
            static_cast<ssize_t>(text.size()));
}

// What it is, and from which port.
std::pair<std::string, uint32_t> Receive(const ScopedFd& fd) {
  std::string text(70000, '\0');
  SockAddress from;
  socklen_t* const size = from.room();
  const ssize_t got = recvfrom(fd.get(), text.data(), text.size(), MSG_DONTWAIT, from.data(), size);
  if (got < 0) return {"nothing", 0};
  text.resize(static_cast<size_t>(got));
  return {text, from.ToInetAddress().port};
}

class UdpSocketKindTest : public ::testing::Test {
 protected:
  std::vector<FdFacts> All() {
    std::vector<FdFacts> all;
    for (const ScopedFd& fd : job_) {
      all.push_back(FactsOf(fd.get()));
      all.back().frozen = true;
    }
    return all;
  }
  UdpSocketKind kind_;
  UdpSocketObject object_;
  FakeContexts contexts_{{&object_}};
  std::vector<ScopedFd> job_;
};

TEST_F(UdpSocketKindTest, ClaimsUdpOnly) {
  EXPECT_TRUE(kind_.Claims(FactsOf(Bound().get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_INET, SOCK_STREAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_UNIX, SOCK_DGRAM, 0)).get())));
}

TEST_F(UdpSocketKindTest, DatagramsComeBackFromWhereTheyCame) {
  job_.push_back(Bound());
  job_.push_back(Bound());
  uint32_t gone = 0;
  {
    const ScopedFd closed = Bound();
    gone = ReadLocal(closed.get()).value().ToInetAddress().port;
    Send(job_[0], job_[1], "first");
    Send(closed, job_[1], std::string(60000, 'x'));
  }
  const uint32_t port = ReadLocal(job_[0].get()).value().ToInetAddress().port;
  const std::vector<FdFacts> all = All();
  std::vector<Value> states;
  for (const FdFacts& file : all) {
    ASSERT_THAT(kind_.Check(file, all), IsOk());
    states.push_back(kind_.Collect(file, all, contexts_).value());
  }
  job_.clear();
  for (const Value& state : states) job_.push_back(kind_.Create(state, contexts_.create()).value());
  for (size_t i = 0; i < 2; ++i)
    ASSERT_THAT(kind_.Fill(states[i], job_[i].get(), contexts_.create()), IsOk());
  for (size_t i = 0; i < 2; ++i)
    ASSERT_THAT(kind_.Settle(states[i], job_[i].get(), contexts_.create()), IsOk());
  EXPECT_EQ(Receive(job_[1]), std::pair(std::string("first"), port));
  EXPECT_EQ(Receive(job_[1]), std::pair(std::string(60000, 'x'), gone));
  EXPECT_EQ(Receive(job_[1]).first, "nothing");
}

TEST_F(UdpSocketKindTest, ADatagramOfSomebodyElseIsRefusedOrDropped) {
  job_.push_back(Bound());
  const ScopedFd stranger = Bound();
  Send(stranger, job_[0], "hello");
  std::vector<FdFacts> all = All();
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_),
              FailsWith(ErrorCode::kUnsupported, "--external close"));
  all[0].external = ExternalPolicy::kClose;
  EXPECT_THAT(kind_.Collect(all[0], all, contexts_), IsOk());
  EXPECT_EQ(contexts_.warnings.size(), 1u);
  EXPECT_EQ(Receive(job_[0]).first, "hello");
}

TEST_F(UdpSocketKindTest, MalformedImagesAreRejectedByName) {
  job_.push_back(Bound());
  const std::vector<FdFacts> all = All();
  ASSERT_THAT(kind_.Collect(all[0], all, contexts_), IsOk());
  const UdpState good = DecodeUdp(UdpKey(all[0].stat.st_ino), contexts_.create()).value();
  const auto decoded = [](const UdpState& state) -> Status {
    RETURN_IF_ERROR(DecodeUdp(Encode(state)));
    return Ok();
  };
  EXPECT_THAT(decoded(good), IsOk());
  UdpState bad = good;
  bad.family = 4;
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "udp_socket.family"));
  bad = good;
  bad.remote.text = "nowhere";
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "udp_socket.remote"));
  bad = good;
  bad.datagrams.push_back({.size = 3, .from = good.local, .to = {}, .sender = ""});
  EXPECT_THAT(decoded(bad), FailsWith(ErrorCode::kBadImage, "do not add up"));
}

}  // namespace
}  // namespace tardigrade::inet_socket
