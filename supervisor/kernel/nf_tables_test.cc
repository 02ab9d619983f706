#include "supervisor/kernel/nf_tables.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

constexpr const char* kName = "tardigrade-test";

// In a network namespace of its own, where the caller may have one.
class NfTablesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
      GTEST_SKIP() << "no network namespace can be made here";
    const ScopedFd any(socket(AF_INET, SOCK_DGRAM, 0));
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    ASSERT_EQ(ioctl(any.get(), SIOCSIFFLAGS, &request), 0);
    auto opened = NfTables::Open();
    if (!opened.has_value()) GTEST_SKIP() << opened.error().ToString();
    tables_ = std::make_unique<NfTables>(std::move(opened).value());
  }

  void Connect(int family) {
    listener_.Reset(socket(family, SOCK_STREAM, 0));
    sockaddr_storage at = {};
    at.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
      reinterpret_cast<sockaddr_in6*>(&at)->sin6_addr = in6addr_loopback;
    } else {
      reinterpret_cast<sockaddr_in*>(&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    ASSERT_EQ(bind(listener_.get(), address, size), 0);
    ASSERT_EQ(listen(listener_.get(), 1), 0);
    ASSERT_EQ(getsockname(listener_.get(), address, &size), 0);
    client_.Reset(socket(family, SOCK_STREAM, 0));
    ASSERT_EQ(connect(client_.get(), address, size), 0);
    server_.Reset(accept(listener_.get(), nullptr, nullptr));
    flow_.local = End(client_.get(), family);
    flow_.remote = End(server_.get(), family);
  }

  static InetEndpoint End(int fd, int family) {
    sockaddr_in6 at = {};
    socklen_t size = sizeof(at);
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), 0);
    InetEndpoint end;
    end.is_v6 = family == AF_INET6;
    end.port = ntohs(at.sin6_port);  // In the same place in both.
    if (end.is_v6) {
      std::memcpy(end.address.data(), &at.sin6_addr, 16);
    } else {
      std::memcpy(end.address.data(), &reinterpret_cast<sockaddr_in*>(&at)->sin_addr, 4);
    }
    return end;
  }

  static bool Arrives(const ScopedFd& from, const ScopedFd& to) {
    EXPECT_EQ(send(from.get(), "x", 1, MSG_DONTWAIT), 1);
    const timeval wait{.tv_sec = 0, .tv_usec = 100000};
    setsockopt(to.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    char byte = 0;
    return recv(to.get(), &byte, 1, 0) == 1;
  }

  std::unique_ptr<NfTables> tables_;
  ScopedFd listener_, client_, server_;
  TcpFlow flow_;
};

TEST_F(NfTablesTest, HoldsOneConnectionOffInBothDirections) {
  for (const int family : {AF_INET, AF_INET6}) {
    Connect(family);
    EXPECT_TRUE(Arrives(client_, server_));
    ASSERT_THAT(tables_->HoldOff(kName, std::span(&flow_, 1), 0), IsOk());
    EXPECT_FALSE(Arrives(client_, server_));
    EXPECT_FALSE(Arrives(server_, client_));
    const TcpFlow held = flow_;
    Connect(family);
    EXPECT_NE(held, flow_);
    EXPECT_TRUE(Arrives(client_, server_)) << "another connection is held off too";
    ASSERT_THAT(tables_->Remove(kName), IsOk());
  }
}

TEST_F(NfTablesTest, GoesWithItsOwner) {
  Connect(AF_INET);
  {
    auto other = NfTables::Open();
    ASSERT_THAT(other, IsOk());
    ASSERT_THAT(other.value().HoldOff(kName, std::span(&flow_, 1), 0), IsOk());
    EXPECT_TRUE(tables_->ListLeased("tardigrade-").value().empty());
    EXPECT_FALSE(tables_->HoldOff(kName, std::span(&flow_, 1), 0).has_value());
    EXPECT_FALSE(Arrives(client_, server_));
  }
  EXPECT_THAT(tables_->HoldOff(kName, std::span(&flow_, 1), 0), IsOk());
}

TEST_F(NfTablesTest, ALeaseRunsOut) {
  Connect(AF_INET);
  {
    auto other = NfTables::Open();
    ASSERT_THAT(other, IsOk());
    ASSERT_THAT(other.value().HoldOff(kName, std::span(&flow_, 1), 1), IsOk());
  }
  EXPECT_FALSE(Arrives(client_, server_));
  EXPECT_FALSE(tables_->HasRunOut(kName).value());
  EXPECT_THAT(tables_->RemoveRunOut("tardigrade-"), IsOk());
  EXPECT_EQ(tables_->ListLeased("tardigrade-").value(), std::vector<std::string>{kName});
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(Arrives(server_, client_));
  EXPECT_TRUE(tables_->HasRunOut(kName).value());
  EXPECT_THAT(tables_->RemoveRunOut("tardigrade-"), IsOk());
  EXPECT_TRUE(tables_->ListLeased("tardigrade-").value().empty());
  EXPECT_THAT(tables_->Remove(kName), IsOk());
}

TEST_F(NfTablesTest, ManyAreHeldOffAtOnce) {
  Connect(AF_INET);
  std::vector<TcpFlow> flows(20000, flow_);
  for (size_t i = 1; i < flows.size(); ++i) {
    flows[i].remote.address[0] = 10;
    flows[i].remote.port = static_cast<uint16_t>(i);
  }
  ASSERT_THAT(tables_->HoldOff(kName, flows, 60), IsOk());
  EXPECT_FALSE(Arrives(client_, server_));
  EXPECT_THAT(tables_->Remove(kName), IsOk());
  EXPECT_TRUE(Arrives(client_, server_));
}

}  // namespace
}  // namespace tardigrade
