// What the programs about packet sockets share.
#ifndef TESTS_E2E_PROGRAMS_PACKET_H_
#define TESTS_E2E_PROGRAMS_PACKET_H_

#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

enum { kPacket = 263 /* SOL_PACKET */, kFirst = 0xa000, kProtocols = 1 << 12 };

// include/uapi/linux/if_packet.h: not every C library has it.
enum { kAddMembership = 1, kDropMembership = 2, kRxRing = 5, kAuxdata = 8, kVersion = 10, kFanout = 18, kTpacketV3 = 2, kPromiscuous = 1 };

struct ring_request {
  unsigned block_size, blocks, frame_size, frames, retire_ms, private_size, features;
};
struct ring_block {
  uint32_t version, offset_to_private, status, packets, first, length;
  uint64_t number;
};
struct ring_packet {
  uint32_t next, seconds, nanoseconds, captured, length, status;
  uint16_t mac, net;
};

// A protocol that nobody beside this process uses at the same time, as far as pids are near.
E2E_FN int packet_protocol(void) { return kFirst + getpid() % kProtocols; }

E2E_FN int packet_socket(int type, int protocol) {
  int fd = socket(AF_PACKET, type, htons(protocol));
  if (fd < 0) e2e_skip("needs CAP_NET_RAW");
  return fd;
}

E2E_FN struct sockaddr_ll packet_address(int protocol) {
  struct sockaddr_ll address;
  memset(&address, 0, sizeof address);
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = (int)if_nametoindex("lo");
  address.sll_halen = 6;
  return address;
}

E2E_FN void packet_bind(int fd, int protocol) {
  struct sockaddr_ll address = packet_address(protocol);
  EXPECT_EQ(bind(fd, (struct sockaddr*)&address, sizeof address), 0);
}

E2E_FN void packet_send(int fd, int protocol, const void* bytes, size_t size) {
  struct sockaddr_ll to = packet_address(protocol);
  EXPECT_EQ(sendto(fd, bytes, size, 0, (struct sockaddr*)&to, sizeof to), (ssize_t)size);
}

E2E_FN int packet_option(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, kPacket, option, &value, &size), 0);
  return value;
}

E2E_FN void packet_set(int fd, int option, int value) {
  EXPECT_EQ(setsockopt(fd, kPacket, option, &value, sizeof value), 0);
}

#endif  // TESTS_E2E_PROGRAMS_PACKET_H_
