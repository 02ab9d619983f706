#include "plugins/packet_socket/ring_view.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/testing/matchers.h"

namespace tardigrade::packet_socket {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

constexpr size_t kFirst = 48, kPacket = 96;  // Bytes.

// With so many packets, of which the last one expects another behind it.
std::vector<std::byte> OpenBlock(uint32_t packets) {
  std::vector<std::byte> block(4096);
  tpacket_block_desc header = {};
  header.hdr.bh1.num_pkts = packets;
  header.hdr.bh1.offset_to_first_pkt = kFirst;
  std::memcpy(block.data(), &header, sizeof(header));
  for (uint32_t i = 0; i < packets; ++i) {
    tpacket3_hdr packet = {};
    packet.tp_next_offset = kPacket;
    packet.tp_sec = i + 1;
    std::memcpy(block.data() + kFirst + i * kPacket, &packet, sizeof(packet));
  }
  return block;
}

tpacket_block_desc HeaderOf(const std::vector<std::byte>& block) {
  tpacket_block_desc header;
  std::memcpy(&header, block.data(), sizeof(header));
  return header;
}

TEST(FindPacket, GoesFromOneToTheNext) {
  const std::vector<std::byte> block = OpenBlock(3);
  EXPECT_EQ(FindPacket(block, 0), kFirst);
  EXPECT_EQ(FindPacket(block, 2), kFirst + 2 * kPacket);
}

TEST(FindPacket, StaysInTheBlock) {
  std::vector<std::byte> block = OpenBlock(3);
  EXPECT_EQ(FindPacket(block, 1000), std::nullopt);
  const uint32_t beyond = 0xfffffff0;
  std::memcpy(block.data() + kFirst, &beyond, sizeof(beyond));
  EXPECT_EQ(FindPacket(block, 1), std::nullopt);
  EXPECT_EQ(FindPacket(std::span(block).first(20), 0), std::nullopt);
}

TEST(CloseBlock, HandsOverSoManyPackets) {
  std::vector<std::byte> block = OpenBlock(3);
  ASSERT_THAT(CloseBlock(block, 2), IsOk());
  const tpacket_hdr_v1 header = HeaderOf(block).hdr.bh1;
  EXPECT_EQ(header.num_pkts, 2u);
  EXPECT_EQ(header.block_status, static_cast<uint32_t>(TP_STATUS_USER | TP_STATUS_BLK_TMO));
  EXPECT_EQ(header.ts_last_pkt.ts_sec, 2u);
  EXPECT_EQ(FindPacket(block, 1), kFirst + kPacket);
  EXPECT_EQ(FindPacket(block, 2), std::nullopt);
}

TEST(CloseBlock, RefusesWhatIsNotThere) {
  std::vector<std::byte> block = OpenBlock(1);
  EXPECT_THAT(CloseBlock(block, 0), FailsWith(ErrorCode::kInternal, "not understood"));
  EXPECT_THAT(CloseBlock(block, 90), FailsWith(ErrorCode::kInternal, "not understood"));
}

}  // namespace
}  // namespace tardigrade::packet_socket
