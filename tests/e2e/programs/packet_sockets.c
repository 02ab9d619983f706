// Packet sockets: bound and not, with a filter, with memberships, in a group.
#include "tests/e2e/programs/packet.h"

struct step {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};
struct filter {
  unsigned short length;
  const struct step* steps;
};

static void expect_packet(int fd, const char* text, int of_raw) {
  char got[128];
  struct pollfd poller = {.fd = fd, .events = POLLIN};
  EXPECT_EQ(poll(&poller, 1, 10000), 1);
  struct sockaddr_ll from;
  socklen_t size = sizeof from;
  EXPECT_EQ(recvfrom(fd, got, sizeof got, MSG_DONTWAIT, (struct sockaddr*)&from, &size), (ssize_t)strlen(text) + 14 * of_raw);
  EXPECT(memcmp(got + 14 * of_raw, text, strlen(text)) == 0);
  EXPECT_EQ(from.sll_ifindex, if_nametoindex("lo"));
}

static void expect_nothing(int fd) {
  char byte;
  EXPECT_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

struct membership {
  int interface;
  unsigned short type, length;
  unsigned char address[8];
};

// How often somebody asked for what is sent to this address.
static int users_of(const unsigned char* address) {
  char text[1 << 14], wanted[16];
  int users = 0;
  e2e_read_file("/proc/net/dev_mcast", text, sizeof text);
  snprintf(wanted, sizeof wanted, "%02x%02x%02x%02x%02x%02x", address[0], address[1], address[2], address[3], address[4],
           address[5]);
  char* line = strstr(text, wanted);
  if (!line) return 0;
  while (line > text && line[-1] != '\n') --line;
  EXPECT_EQ(sscanf(line, "%*d %*s %d", &users), 1);
  return users;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int protocol = packet_protocol();
  int raw = packet_socket(SOCK_RAW, 0), cooked = packet_socket(SOCK_DGRAM, 0), idle = packet_socket(SOCK_RAW, 0);
  int anywhere = packet_socket(SOCK_DGRAM, protocol), filtered = packet_socket(SOCK_DGRAM, 0);
  int grouped[2] = {packet_socket(SOCK_DGRAM, 0), packet_socket(SOCK_DGRAM, 0)};
  packet_bind(raw, protocol);
  packet_bind(cooked, protocol);
  const struct step none = {6, 0, 0, 0};
  const struct filter nothing = {1, &none};
  EXPECT_EQ(setsockopt(filtered, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof nothing), 0);
  packet_bind(filtered, protocol);
  packet_set(cooked, kAuxdata, 1);
  // A group of Ethernet, for two uses.
  struct membership request = {.interface = (int)if_nametoindex("lo"), .type = 0, .length = 6, .address = {1, 0, 0x5e}};
  for (int i = 0; i < 3; ++i) request.address[3 + i] = (unsigned char)((unsigned)getpid() >> 8 * i & 0x7f);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(setsockopt(raw, kPacket, kAddMembership, &request, sizeof request), 0);
  EXPECT_EQ(users_of(request.address), 1);  // Of the socket: it counts for itself.
  int group = (getpid() & 0xffff) | 1 << 16;  // PACKET_FANOUT_LB
  for (int i = 0; i < 2; ++i) {
    packet_bind(grouped[i], protocol);
    packet_set(grouped[i], kFanout, group);
  }
  int sender = packet_socket(SOCK_DGRAM, 0);

  e2e_ready_and_wait();

  expect_nothing(raw);
  expect_nothing(anywhere);
  packet_send(sender, protocol, "hello", 5);
  expect_packet(raw, "hello", 1);
  expect_packet(cooked, "hello", 0);
  expect_packet(anywhere, "hello", 0);
  expect_nothing(filtered);
  expect_nothing(idle);
  packet_send(sender, protocol, "again", 5);
  // Each of the group has one of two, whichever was first.
  char got[2][8];
  for (int i = 0; i < 2; ++i) EXPECT_EQ(recv(grouped[i], got[i], sizeof got[i], MSG_DONTWAIT), 5);
  EXPECT(memcmp(got[0], got[1], 5) != 0);
  EXPECT_EQ(packet_option(grouped[1], kFanout), group);
  EXPECT_EQ(packet_option(cooked, kAuxdata), 1);
  EXPECT_EQ(packet_option(raw, kAuxdata), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(users_of(request.address), 1);
    EXPECT_EQ(setsockopt(raw, kPacket, kDropMembership, &request, sizeof request), 0);
  }
  EXPECT_EQ(users_of(request.address), 0);
  return e2e_ok();
}
