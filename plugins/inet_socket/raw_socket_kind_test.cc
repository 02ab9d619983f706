#include "plugins/inet_socket/raw_socket_kind.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/raw_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inet_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr int kExperiment = 253;  // For experiments: RFC 3692.
constexpr int kIcmpFilter = 1;    // ICMP_FILTER, include/uapi/linux/icmp.h.

class RawSocketKindTest : public ::testing::Test {
 protected:
  ScopedFd Open(int protocol = kExperiment) {
    ScopedFd fd(socket(AF_INET, SOCK_RAW, protocol));
    return fd;
  }
  // Frozen.
  static FdFacts Frozen(const ScopedFd& fd) {
    FdFacts file = FactsOf(fd.get());
    file.frozen = true;
    return file;
  }
  static void Connect(const ScopedFd& fd, uint32_t address) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(address);
    ASSERT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  }
  RawSocketKind kind_;
  FakeContexts contexts_;
};

TEST_F(RawSocketKindTest, ClaimsRawSocketsOnly) {
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_INET, SOCK_DGRAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_NETLINK, SOCK_RAW, 0)).get())));
  const ScopedFd fd = Open();
  if (!fd.valid()) GTEST_SKIP() << "needs CAP_NET_RAW";
  EXPECT_TRUE(kind_.Claims(FactsOf(fd.get())));
}

TEST_F(RawSocketKindTest, EndsOptionsAndFilterComeBack) {
  const ScopedFd fd = Open(IPPROTO_ICMP);
  if (!fd.valid()) GTEST_SKIP() << "needs CAP_NET_RAW";
  Connect(fd, INADDR_LOOPBACK);  // No port: getpeername(2) would not tell.
  const int on = 1, mask = ~(1 << ICMP_ECHOREPLY);
  ASSERT_EQ(setsockopt(fd.get(), IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)), 0);
  ASSERT_EQ(setsockopt(fd.get(), IPPROTO_RAW, kIcmpFilter, &mask, sizeof(mask)), 0);
  const FdFacts file = Frozen(fd);
  ASSERT_THAT(kind_.Check(file, {}), IsOk());
  const Value state = kind_.Collect(file, {}, contexts_).value();
  const ScopedFd again = kind_.Create(state, contexts_.create()).value();
  ASSERT_THAT(kind_.Settle(state, again.get(), contexts_.create()), IsOk());
  const RawState before = DecodeRaw(state).value();
  EXPECT_EQ(before.remote.text, "127.0.0.1");
  const RawState after = DecodeRaw(kind_.Collect(Frozen(again), {}, contexts_).value()).value();
  EXPECT_EQ(after.remote, before.remote);
  EXPECT_EQ(after.local, before.local);
  EXPECT_EQ(after.inet, before.inet);
  EXPECT_EQ(after.inet.numbers.at("hdrincl"), 1);
  EXPECT_EQ(after.inet.numbers.at("icmp_filter"), mask);
  EXPECT_EQ(after.options, before.options);
}

TEST_F(RawSocketKindTest, UnreadPacketsAreRefusedOrDropped) {
  const ScopedFd fd = Open();
  if (!fd.valid()) GTEST_SKIP() << "needs CAP_NET_RAW";
  Connect(fd, INADDR_LOOPBACK);
  ASSERT_EQ(send(fd.get(), "hello", 5, 0), 5);
  FdFacts file = Frozen(fd);
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "--external close"));
  file.external = ExternalPolicy::kClose;
  EXPECT_THAT(kind_.Collect(file, {}, contexts_), IsOk());
  EXPECT_EQ(contexts_.warnings.size(), 1u);
}

TEST_F(RawSocketKindTest, MalformedImagesAreRejectedByName) {
  RawState state;
  state.family = AF_INET;
  state.type = SOCK_DGRAM;
  state.protocol = IPPROTO_UDP;
  EXPECT_THAT(DecodeRaw(Encode(state)), FailsWith(ErrorCode::kBadImage, "of no such socket"));
  state.type = SOCK_RAW;
  EXPECT_THAT(DecodeRaw(Encode(state)), IsOk());
  state.icmp6_filter = {1};
  EXPECT_THAT(DecodeRaw(Encode(state)), FailsWith(ErrorCode::kBadImage, "icmp6_filter"));
  state.icmp6_filter.clear();
  state.protocol = 256;
  EXPECT_THAT(DecodeRaw(Encode(state)), FailsWith(ErrorCode::kBadImage, "raw_socket.protocol"));
}

}  // namespace
}  // namespace tardigrade::inet_socket
