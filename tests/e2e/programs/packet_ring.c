// Packet sockets with a ring that they share with the kernel (TPACKET_V3, as libpcap uses it).  One holds packets
// that were not looked at yet, in blocks that are full and in one that the kernel still fills; the other is full;
// the third has seen none.
#include "tests/e2e/programs/packet.h"

enum { kBlock = 1 << 14, kBlocks = 8, kSize = 1000, kRetireMs = 1500 };

struct ring {
  int fd, protocol, next_block;
  char* memory;
  uint32_t sent, read;  // Packets, and the number of the next.
};

static int sender;

static struct ring open_ring(int protocol) {
  struct ring ring = {.fd = packet_socket(SOCK_DGRAM, 0), .protocol = protocol};
  struct ring_request request = {kBlock, kBlocks, kBlock, kBlocks, kRetireMs, 16, 0};
  packet_set(ring.fd, kVersion, kTpacketV3);
  EXPECT_EQ(setsockopt(ring.fd, kPacket, kRxRing, &request, sizeof request), 0);
  ring.memory = mmap(NULL, kBlock * kBlocks, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
  EXPECT(ring.memory != MAP_FAILED);
  packet_bind(ring.fd, protocol);
  return ring;
}

static void send_packets(struct ring* ring, int count) {
  for (int i = 0; i < count; ++i) {
    uint32_t packet[kSize / 4] = {ring->sent++};
    packet_send(sender, ring->protocol, packet, sizeof packet);
  }
}

static struct ring_block* next_block(const struct ring* ring) {
  return (struct ring_block*)(ring->memory + ring->next_block * kBlock);
}

static int has_block(const struct ring* ring) {
  return __atomic_load_n(&next_block(ring)->status, __ATOMIC_ACQUIRE) & 1;
}

static void read_block(struct ring* ring) {
  struct ring_block* block = next_block(ring);
  struct pollfd poller = {.fd = ring->fd, .events = POLLIN};
  EXPECT_EQ(poll(&poller, 1, 10000), 1);
  EXPECT(has_block(ring));
  const char* packet = (const char*)block + block->first;
  EXPECT(block->packets > 0);
  for (uint32_t i = 0; i < block->packets; ++i) {
    struct ring_packet header;
    uint32_t number;
    memcpy(&header, packet, sizeof header);
    memcpy(&number, packet + header.mac, sizeof number);
    EXPECT_EQ(header.captured, kSize);
    EXPECT_EQ(number, ring->read);
    EXPECT_EQ(header.next == 0, i + 1 == block->packets);
    ++ring->read;
    packet += header.next;
  }
  __atomic_store_n(&block->status, 0, __ATOMIC_RELEASE);
  ring->next_block = (ring->next_block + 1) % kBlocks;
}

static void move_by(struct ring* ring, int blocks) {
  for (int done = 0; done < blocks;) {
    send_packets(ring, 1);
    for (; has_block(ring); ++done) read_block(ring);
  }
}

static void read_all(struct ring* ring) {
  while (ring->read < ring->sent) read_block(ring);
  EXPECT(!has_block(ring));
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sender = packet_socket(SOCK_DGRAM, 0);
  int protocol = packet_protocol();
  struct ring some = open_ring(protocol), full = open_ring(protocol + kProtocols),
              fresh = open_ring(protocol + 2 * kProtocols);
  move_by(&some, 11);
  send_packets(&some, 40);
  move_by(&full, 3);
  send_packets(&full, 30 * kBlocks);

  e2e_ready_and_wait();

  send_packets(&some, 20);
  read_all(&some);
  for (int i = 0; i < kBlocks; ++i) read_block(&full);
  EXPECT(full.read < full.sent);  // What did not fit in is lost.
  full.read = full.sent;
  struct ring* rings[3] = {&some, &full, &fresh};
  for (int i = 0; i < 3; ++i) {
    move_by(rings[i], 2 * kBlocks);
    read_all(rings[i]);
  }
  return e2e_ok();
}
