#include "plugins/netlink_socket/netlink_socket_kind.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "plugins/netlink_socket/netlink_socket_state.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::netlink_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr uint32_t kHighGroup = 34;  // RTNLGRP_NEXTHOP and on: beyond nl_groups, and for everybody.

ScopedFd Open(int protocol, uint32_t groups = 0) {
  ScopedFd fd(socket(AF_NETLINK, SOCK_RAW, protocol));
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

sockaddr_nl NameOf(const ScopedFd& fd) {
  sockaddr_nl address = {};
  socklen_t size = sizeof(address);
  EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return address;
}

void Set(const ScopedFd& fd, int option, int value) {
  ASSERT_EQ(setsockopt(fd.get(), SOL_NETLINK, option, &value, sizeof(value)), 0);
}

int Get(const ScopedFd& fd, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  EXPECT_EQ(getsockopt(fd.get(), SOL_NETLINK, option, &value, &size), 0);
  return value;
}

void AskForLoopback(const ScopedFd& fd) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request = {};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.link.ifi_index = 1;
  ASSERT_EQ(send(fd.get(), &request, sizeof(request), 0), static_cast<ssize_t>(sizeof(request)));
}

class NetlinkSocketKindTest : public ::testing::Test {
 protected:
  // Takes the socket away before it is made again: its port is its own.
  ScopedFd RoundTrip(ScopedFd fd) {
    const FdFacts file = FactsOf(fd.get());
    EXPECT_TRUE(kind_.Claims(file));
    EXPECT_THAT(kind_.Check(file, {}), IsOk());
    const Result<Value> state = kind_.Collect(file, {}, contexts_);
    EXPECT_THAT(state, IsOk());
    fd.Reset();
    Result<ScopedFd> made = kind_.Create(state.value(), contexts_.create());
    EXPECT_THAT(made, IsOk());
    return std::move(made).value();
  }

  NetlinkSocketKind kind_;
  FakeContexts contexts_;
};

TEST_F(NetlinkSocketKindTest, ClaimsNetlinkOnly) {
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_UNIX, SOCK_DGRAM, 0)).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(STDIN_FILENO)));
}

TEST_F(NetlinkSocketKindTest, PortGroupsAndOptionsComeBack) {
  ScopedFd fd = Open(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_ROUTE);
  Set(fd, NETLINK_ADD_MEMBERSHIP, RTNLGRP_NSID);
  Set(fd, NETLINK_ADD_MEMBERSHIP, kHighGroup);
  Set(fd, NETLINK_EXT_ACK, 1);
  Set(fd, NETLINK_GET_STRICT_CHK, 1);
  const sockaddr_nl name = NameOf(fd);
  const std::vector<uint32_t> groups = Decode<NetlinkSocketState>(kind_.Collect(FactsOf(fd.get()), {}, contexts_).value(), "").value().groups;
  EXPECT_EQ(groups, (std::vector<uint32_t>{RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_NSID, kHighGroup}));
  const ScopedFd again = RoundTrip(std::move(fd));
  EXPECT_EQ(NameOf(again).nl_pid, name.nl_pid);
  EXPECT_EQ(NameOf(again).nl_groups, name.nl_groups);
  EXPECT_EQ(Get(again, NETLINK_EXT_ACK), 1);
  EXPECT_EQ(Get(again, NETLINK_GET_STRICT_CHK), 1);
  EXPECT_EQ(Get(again, NETLINK_CAP_ACK), 0);
  EXPECT_EQ(Decode<NetlinkSocketState>(kind_.Collect(FactsOf(again.get()), {}, contexts_).value(), "").value().groups, groups);
  AskForLoopback(again);
  pollfd poller{.fd = again.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poller, 1, 5000), 1);
}

TEST_F(NetlinkSocketKindTest, OneThatIsNotBoundStaysSo) {
  const ScopedFd again = RoundTrip(ScopedFd(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC)));
  EXPECT_EQ(NameOf(again).nl_pid, 0u);
}

TEST_F(NetlinkSocketKindTest, UnreadMessagesAreRefused) {
  const ScopedFd fd = Open(NETLINK_ROUTE);
  AskForLoopback(fd);
  EXPECT_THAT(kind_.Check(FactsOf(fd.get()), {}), FailsWith(ErrorCode::kUnsupported, "unread messages"));
}

TEST_F(NetlinkSocketKindTest, OtherProtocolsAreRefused) {
  const ScopedFd fd(socket(AF_NETLINK, SOCK_RAW, NETLINK_CRYPTO));
  if (!fd.valid()) GTEST_SKIP() << "no crypto here";
  EXPECT_THAT(kind_.Check(FactsOf(fd.get()), {}), FailsWith(ErrorCode::kUnsupported, "protocol 21"));
}

TEST_F(NetlinkSocketKindTest, AuditIsSavedUntilItHasAPort) {
  ScopedFd fd(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
  if (!fd.valid()) GTEST_SKIP() << "no audit here";
  const ScopedFd again = RoundTrip(std::move(fd));
  EXPECT_EQ(NameOf(again).nl_pid, 0u);
  EXPECT_EQ(Decode<NetlinkSocketState>(kind_.Collect(FactsOf(again.get()), {}, contexts_).value(), "").value().protocol, NETLINK_AUDIT);
  const ScopedFd bound = Open(NETLINK_AUDIT);
  EXPECT_THAT(kind_.Check(FactsOf(bound.get()), {}), FailsWith(ErrorCode::kUnsupported, "audit daemon"));
}

TEST_F(NetlinkSocketKindTest, APortThatIsTakenIsNamed) {
  const ScopedFd fd = Open(NETLINK_ROUTE);
  const Value state = kind_.Collect(FactsOf(fd.get()), {}, contexts_).value();
  EXPECT_THAT(kind_.Create(state, contexts_.create()), FailsWith(ErrorCode::kSystem, "is taken"));
}

TEST_F(NetlinkSocketKindTest, MalformedImagesAreRejected) {
  NetlinkSocketState state;
  state.type = SOCK_RAW;
  state.protocol = 32;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "netlink_socket.protocol"));
  const ScopedFd fd = Open(NETLINK_ROUTE);
  state = Decode<NetlinkSocketState>(kind_.Collect(FactsOf(fd.get()), {}, contexts_).value(), "").value();
  state.port = 0;
  state.options["magic"] = 1;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "netlink_socket.options"));
}

}  // namespace
}  // namespace tardigrade::netlink_socket
