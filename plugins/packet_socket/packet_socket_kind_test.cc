#include "plugins/packet_socket/packet_socket_kind.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "plugins/packet_socket/packet_state.h"
#include "plugins/packet_socket/ring_view.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::packet_socket {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr uint16_t kProtocol = 0x9ffe;
constexpr uint32_t kBlockSize = 1 << 14, kBlocks = 4;

sockaddr_ll Loopback() {
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(kProtocol);
  address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  address.sll_halen = 6;
  return address;
}

class PacketSocketKindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fd_.Reset(socket(AF_PACKET, SOCK_DGRAM, 0));
    if (!fd_.valid()) GTEST_SKIP() << "needs CAP_NET_RAW";
  }
  void Bind() {
    const sockaddr_ll address = Loopback();
    ASSERT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  bool Send(size_t bytes) {
    const sockaddr_ll to = Loopback();
    const std::vector<char> packet(bytes);
    return sendto(fd_.get(), packet.data(), bytes, 0, reinterpret_cast<const sockaddr*>(&to),
                  sizeof(to)) == static_cast<ssize_t>(bytes);
  }
  void Set(int option, int value) {
    ASSERT_EQ(setsockopt(fd_.get(), SOL_PACKET, option, &value, sizeof(value)), 0);
  }
  void MakeRing(int version) {
    Set(PACKET_VERSION, version);
    tpacket_req3 request = {};
    request.tp_block_size = request.tp_frame_size = kBlockSize;
    request.tp_block_nr = request.tp_frame_nr = kBlocks;
    request.tp_retire_blk_tov = version == TPACKET_V3 ? 60000 : 0;
    const socklen_t size = version == TPACKET_V3 ? sizeof(request) : sizeof(tpacket_req);
    ASSERT_EQ(setsockopt(fd_.get(), SOL_PACKET, PACKET_RX_RING, &request, size), 0);
  }
  FdFacts Frozen() {
    FdFacts file = FactsOf(fd_.get());
    file.frozen = true;
    return file;
  }
  PacketState Collect() {
    const FdFacts file = Frozen();
    EXPECT_THAT(kind_.Check(file, {}), IsOk());
    file_state_ = kind_.Collect(file, {}, contexts_).value();
    return DecodePacket(PacketKey(file.stat.st_ino), contexts_.create()).value();
  }
  void MakeAgain() {
    fd_ = kind_.Create(file_state_, contexts_.create()).value();
    ASSERT_THAT(kind_.Settle(file_state_, fd_.get(), contexts_.create()), IsOk());
  }
  PacketSocketKind kind_;
  PacketSocketObject object_;
  FakeContexts contexts_{{&object_}};
  ScopedFd fd_;
  Value file_state_;
};

TEST_F(PacketSocketKindTest, ClaimsPacketSocketsOnly) {
  EXPECT_TRUE(kind_.Claims(FactsOf(fd_.get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(socket(AF_INET, SOCK_DGRAM, 0)).get())));
}

TEST_F(PacketSocketKindTest, BindingMembershipsAndOptionsComeBack) {
  Bind();
  packet_mreq promiscuous = {};
  promiscuous.mr_ifindex = Loopback().sll_ifindex;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(
        setsockopt(fd_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)),
        0);
  Set(PACKET_AUXDATA, 1);
  Set(PACKET_FANOUT, 0xbeef | PACKET_FANOUT_CPU << 16);
  const PacketState before = Collect();
  EXPECT_EQ(before.interface, "lo");
  EXPECT_EQ(before.protocol, kProtocol);
  ASSERT_EQ(before.memberships.size(), 1u);
  EXPECT_EQ(before.memberships[0].count, 2u);
  EXPECT_EQ(before.fanout, 0xbeefu | PACKET_FANOUT_CPU << 16);
  MakeAgain();
  const PacketState after = Collect();
  EXPECT_EQ(after.packet, before.packet);
  EXPECT_EQ(after.packet.at("auxdata"), 1);
  EXPECT_EQ(after.interface, before.interface);
  EXPECT_EQ(after.protocol, before.protocol);
  EXPECT_EQ(after.fanout, before.fanout);
  ASSERT_EQ(after.memberships.size(), 1u);
  EXPECT_EQ(after.memberships[0].count, 2u);
  EXPECT_EQ(after.memberships[0].type, static_cast<uint32_t>(PACKET_MR_PROMISC));
}

TEST_F(PacketSocketKindTest, ARingComesBackWithItsPackets) {
  MakeRing(TPACKET_V3);
  Bind();
  // Two blocks are full, the third has one packet.
  for (int i = 0; i < 3; ++i)
    if (!Send(10000)) GTEST_SKIP() << "the loopback interface is down";
  const PacketState before = Collect();
  ASSERT_TRUE(before.ring.has_value());
  EXPECT_EQ(before.ring->head, 3u);
  EXPECT_EQ(before.ring->full.size(), 3u);
  MakeAgain();
  const PacketState after = Collect();
  ASSERT_TRUE(after.ring.has_value());
  EXPECT_EQ(after.ring->head, 3u);
  EXPECT_EQ(after.ring->full.size(), 3u);
  ASSERT_TRUE(Send(10000));
  const RingView ring = RingView::Map(fd_.get(), kBlockSize, kBlocks).value();
  for (uint32_t i = 0; i < kBlocks; ++i) {
    EXPECT_EQ(ring.Header(i)->hdr.bh1.num_pkts, 1u) << i;
    EXPECT_EQ((ring.Status(i) & TP_STATUS_USER) != 0, i != 3) << i;
  }
}

TEST_F(PacketSocketKindTest, UnreadPacketsAreRefusedOrDropped) {
  Bind();
  if (!Send(100)) GTEST_SKIP() << "the loopback interface is down";
  FdFacts file = Frozen();
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "--external close"));
  file.external = ExternalPolicy::kClose;
  EXPECT_THAT(kind_.Collect(file, {}, contexts_), IsOk());
  EXPECT_EQ(contexts_.warnings.size(), 1u);
}

TEST_F(PacketSocketKindTest, OtherRingsAreRefused) {
  MakeRing(TPACKET_V2);
  EXPECT_THAT(kind_.Check(Frozen(), {}), FailsWith(ErrorCode::kUnsupported, "TPACKET_V1 or V2"));
}

TEST_F(PacketSocketKindTest, MalformedImagesAreRejectedByName) {
  MakeRing(TPACKET_V3);
  const PacketState good = Collect();
  EXPECT_THAT(DecodePacket(Encode(good)), IsOk());
  PacketState bad = good;
  bad.ring->head = kBlocks;
  EXPECT_THAT(DecodePacket(Encode(bad)), FailsWith(ErrorCode::kBadImage, "ring.head"));
  bad = good;
  bad.ring->full.push_back({.index = 0, .data = {.offset = 0, .size = kBlockSize + 1}});
  EXPECT_THAT(DecodePacket(Encode(bad)), FailsWith(ErrorCode::kBadImage, "ring.full"));
  bad = good;
  bad.memberships.push_back({.interface = "lo", .type = 1, .count = 1, .address = {256}});
  EXPECT_THAT(DecodePacket(Encode(bad)), FailsWith(ErrorCode::kBadImage, "memberships"));
}

}  // namespace
}  // namespace tardigrade::packet_socket
