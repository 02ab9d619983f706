#include "supervisor/kernel/inet_diag.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

uint32_t InodeOf(const ScopedFd& fd) {
  struct stat st = {};
  EXPECT_EQ(fstat(fd.get(), &st), 0);
  return static_cast<uint32_t>(st.st_ino);
}

InetEndpoint LoopbackEnd(uint16_t port) {
  return {.is_v6 = false, .address = {127, 0, 0, 1}, .port = port};
}

class InetDiagTest : public ::testing::Test {
 protected:
  void SetUp() override {
    listener_.Reset(socket(AF_INET, SOCK_STREAM, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_)), 0);
    ASSERT_EQ(listen(listener_.get(), 5), 0);
    port_ = PortOf(listener_);
    address_.sin_port = htons(port_);
    client_.Reset(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(connect(client_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_)), 0);
  }
  static uint16_t PortOf(const ScopedFd& fd) {
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  std::optional<TcpSocketInfo> Server() {
    return diag_.Find(LoopbackEnd(port_), LoopbackEnd(PortOf(client_))).value();
  }

  InetDiag diag_ = InetDiag::Open().value();
  sockaddr_in address_ = {};
  uint16_t port_ = 0;
  ScopedFd listener_, client_;
};

TEST_F(InetDiagTest, WhoWaitsToBeAcceptedHasNoInode) {
  ASSERT_EQ(write(client_.get(), "abc", 3), 3);
  std::optional<TcpSocketInfo> server = Server();
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(server->inode, 0u);
  EXPECT_EQ(server->stage, TcpStage::kEstablished);
  EXPECT_EQ(server->receive_queue, 3u);
  EXPECT_EQ(server->bytes_received, 3u);
  const auto client = diag_.Find(server->remote, server->local).value();
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->inode, InodeOf(client_));
  EXPECT_EQ(client->bytes_sent, 3u);
  const ScopedFd accepted(accept(listener_.get(), nullptr, nullptr));
  EXPECT_EQ(Server()->inode, InodeOf(accepted));
  ASSERT_EQ(shutdown(accepted.get(), SHUT_RD), 0);
  EXPECT_EQ(Server()->shutdown, 1);
}

TEST_F(InetDiagTest, WhatIsGoneIsNotTakenForItsListener) {
  const auto none = diag_.Find(LoopbackEnd(port_), LoopbackEnd(1)).value();
  EXPECT_FALSE(none.has_value());
}

TEST_F(InetDiagTest, ListsByStateAndPort) {
  const auto listeners = diag_.List(TcpStageBit(TcpStage::kListening), port_).value();
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0].inode, InodeOf(listener_));
  EXPECT_EQ(listeners[0].receive_queue, 1u);
  EXPECT_EQ(listeners[0].send_queue, 5u);
  EXPECT_EQ(diag_.List(TcpStageBit(TcpStage::kEstablished), port_).value().size(), 1u);
  EXPECT_TRUE(diag_.List(TcpStageBit(TcpStage::kCloseWait), port_).value().empty());
}

TEST_F(InetDiagTest, AMappedAddressIsTheAddressItself) {
  const ScopedFd six(socket(AF_INET6, SOCK_STREAM, 0));
  if (!six.valid()) GTEST_SKIP() << "no IPv6 here";
  sockaddr_in6 mapped = {};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = htons(port_);
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
  ASSERT_EQ(connect(six.get(), reinterpret_cast<sockaddr*>(&mapped), sizeof(mapped)), 0);
  socklen_t size = sizeof(mapped);
  ASSERT_EQ(getsockname(six.get(), reinterpret_cast<sockaddr*>(&mapped), &size), 0);
  const auto info = diag_.Find(LoopbackEnd(ntohs(mapped.sin6_port)), LoopbackEnd(port_)).value();
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->inode, InodeOf(six));
}

TEST(ParseInetDiag, RefusesWhatIsCutOff) {
  std::vector<TcpSocketInfo> sockets;
  nlmsghdr header = {
      .nlmsg_len = 400, .nlmsg_type = 20, .nlmsg_flags = 0, .nlmsg_seq = 0, .nlmsg_pid = 0};
  EXPECT_THAT(ParseInetDiag(std::as_bytes(std::span(&header, 1)), sockets),
              FailsWith(ErrorCode::kInternal, "malformed"));
  header.nlmsg_len = sizeof(header);
  EXPECT_THAT(ParseInetDiag(std::as_bytes(std::span(&header, 1)), sockets),
              FailsWith(ErrorCode::kInternal, "malformed"));
}

}  // namespace
}  // namespace tardigrade
