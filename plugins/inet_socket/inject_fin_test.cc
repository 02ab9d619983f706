#include "plugins/inet_socket/inject_fin.h"

#include <gtest/gtest.h>

namespace tardigrade::inet_socket {
namespace {

uint32_t At(const std::vector<std::byte>& packet, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint32_t>(packet.at(offset + i));
  return value;
}

// Of the segment and what is summed with it: RFC 9293, 3.1; all ones if the checksum is right.
uint32_t SumOf(const std::vector<std::byte>& packet, size_t addresses_at, size_t addresses_bytes,
               size_t header_at) {
  uint64_t sum = 6 + packet.size() - header_at;
  const auto add = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i += 2)
      sum += static_cast<uint32_t>(packet.at(i)) << 8 | static_cast<uint32_t>(packet.at(i + 1));
  };
  add(addresses_at, addresses_at + addresses_bytes);
  add(header_at, packet.size());
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint32_t>(sum);
}

FinPacket Example(bool v6) {
  FinPacket fin;
  fin.flow.local = {.is_v6 = v6, .address = {10, 0, 0, 1}, .port = 80};
  fin.flow.remote = {.is_v6 = v6, .address = {192, 168, 7, 9}, .port = 50000};
  fin.seq = 0xfffffffe;
  fin.acknowledged = 77;
  fin.window = 501;
  return fin;
}

TEST(InjectFinTest, APacketOfIpv4IsWhole) {
  const std::vector<std::byte> packet = MakeFinPacket(Example(false));
  ASSERT_EQ(packet.size(), 40u);
  EXPECT_EQ(At(packet, 0), 0x45000028u);
  EXPECT_EQ(At(packet, 12), 0xc0a80709u);
  EXPECT_EQ(At(packet, 16), 0x0a000001u);
  EXPECT_EQ(At(packet, 20), 50000u << 16 | 80);
  EXPECT_EQ(At(packet, 24), 0xfffffffeu);
  EXPECT_EQ(At(packet, 28), 77u);
  EXPECT_EQ(At(packet, 32), 0x5011u << 16 | 501);  // Five words, FIN and ACK.
  EXPECT_EQ(SumOf(packet, 12, 8, 20), 0xffffu);
}

TEST(InjectFinTest, APacketOfIpv6IsWhole) {
  const std::vector<std::byte> packet = MakeFinPacket(Example(true));
  ASSERT_EQ(packet.size(), 60u);
  EXPECT_EQ(At(packet, 0), 0x60000000u);
  EXPECT_EQ(At(packet, 4), 0x00140640u);
  EXPECT_EQ(At(packet, 8), 0xc0a80709u);
  EXPECT_EQ(At(packet, 44), 0xfffffffeu);
  EXPECT_EQ(SumOf(packet, 8, 32, 40), 0xffffu);
}

}  // namespace
}  // namespace tardigrade::inet_socket
