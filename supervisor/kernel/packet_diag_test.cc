#include "supervisor/kernel/packet_diag.h"

#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstring>

#include "supervisor/base/scoped_fd.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

TEST(FindPacketSocket, TellsOfItsMembershipsAndRing) {
  const ScopedFd fd(socket(AF_PACKET, SOCK_RAW, 0));
  if (!fd.valid()) GTEST_SKIP() << "needs CAP_NET_RAW";
  packet_mreq promiscuous = {};
  promiscuous.mr_ifindex = 1;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  ASSERT_EQ(
      setsockopt(fd.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)),
      0);
  const int version = TPACKET_V2;
  ASSERT_EQ(setsockopt(fd.get(), SOL_PACKET, PACKET_VERSION, &version, sizeof(version)), 0);
  tpacket_req request = {};
  request.tp_block_size = 4096;
  request.tp_block_nr = 2;
  request.tp_frame_size = 2048;
  request.tp_frame_nr = 4;
  ASSERT_EQ(setsockopt(fd.get(), SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)), 0);
  struct stat st = {};
  ASSERT_EQ(fstat(fd.get(), &st), 0);
  const auto found = FindPacketSocket(static_cast<uint32_t>(st.st_ino));
  if (!found.has_value()) GTEST_SKIP() << found.error().ToString();
  ASSERT_TRUE(found.value().has_value());
  const PacketSocketInfo& info = *found.value();
  EXPECT_EQ(info.type, SOCK_RAW);
  EXPECT_EQ(info.version, static_cast<uint32_t>(TPACKET_V2));
  ASSERT_EQ(info.memberships.size(), 1u);
  EXPECT_EQ(info.memberships[0].type, PACKET_MR_PROMISC);
  ASSERT_TRUE(info.receive_ring.has_value());
  EXPECT_EQ(info.receive_ring->block_size, 4096u);
  EXPECT_EQ(info.receive_ring->frames, 4u);
  EXPECT_FALSE(info.send_ring.has_value());
}

TEST(FindPacketSocket, KnowsWhenThereIsNone) {
  const auto found = FindPacketSocket(1);
  if (!found.has_value()) GTEST_SKIP() << found.error().ToString();
  EXPECT_FALSE(found.value().has_value());
}

TEST(ParsePacketDiag, RefusesNonsense) {
  std::vector<PacketSocketInfo> sockets;
  nlmsghdr header = {};
  header.nlmsg_len = 4;
  EXPECT_THAT(ParsePacketDiag(std::as_bytes(std::span(&header, 1)), sockets),
              FailsWith(ErrorCode::kInternal, "malformed"));
  header.nlmsg_len = sizeof(header);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  EXPECT_THAT(ParsePacketDiag(std::as_bytes(std::span(&header, 1)), sockets),
              FailsWith(ErrorCode::kInternal, "malformed"));
  EXPECT_TRUE(sockets.empty());
}

}  // namespace
}  // namespace tardigrade
