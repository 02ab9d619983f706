// Raw sockets of IPv4 and IPv6: bound, connected, with header and filters, in a multicast group; ping sockets.
#include "tests/e2e/programs/inet.h"

// include/uapi/linux/icmp.h, icmpv6.h and filter.h: not every C library has them.
enum { kIcmpFilter = 1, kIcmp6Filter = 1, kEchoReply = 0, kRaw = 255, kReturn = 6 };
struct filter_step {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};
struct filter {
  unsigned short length;
  struct filter_step* steps;
};

static int raw(int family, int protocol) {
  int fd = socket(family, SOCK_RAW, protocol);
  if (fd < 0 && errno == EPERM) e2e_skip("needs CAP_NET_RAW");
  if (fd < 0 && errno == EAFNOSUPPORT) e2e_skip("no IPv6 here");
  EXPECT(fd >= 0);
  return fd;
}

static void expect_nothing(int fd) {
  char byte;
  EXPECT_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

// The next packet ends in `text`, behind so many bytes of header.
static void expect_packet(int fd, int header, const char* text) {
  char got[256];
  struct pollfd poller = {.fd = fd, .events = POLLIN};
  EXPECT_EQ(poll(&poller, 1, 10000), 1);
  ssize_t size = recv(fd, got, sizeof got, MSG_DONTWAIT);
  EXPECT_EQ(size, header + (ssize_t)strlen(text));
  EXPECT(memcmp(got + header, text, strlen(text)) == 0);
}

static void say(int fd, const char* to, const char* text) {
  struct inet_address address = inet_make(to, 0);
  EXPECT_EQ(sendto(fd, text, strlen(text), 0, (struct sockaddr*)&address.storage, address.size),
            (ssize_t)strlen(text));
}

static int count_of_filter(int fd) {
  socklen_t count = 0;
  EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &count), 0);
  return (int)count;
}

// Whether the group of every IPv4 socket here is this one's: joining again is an error then.
static int joins(int fd) {
  struct ip_mreqn request = {.imr_ifindex = 1};
  EXPECT_EQ(inet_pton(AF_INET, "239.1.2.4", &request.imr_multiaddr), 1);
  return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  // Protocols that are nobody's, nor those of other processes that do the same at the same time.
  int protocol = 150 + getpid() % 51, other = protocol + 51;
  int any = raw(AF_INET, protocol), bound = raw(AF_INET, protocol), sender = raw(AF_INET, protocol);
  inet_bind(bound, "127.0.0.2", 0);
  inet_bind(sender, "127.0.0.3", 0);
  int connected = raw(AF_INET, other);
  inet_connect(connected, "127.0.0.1", 0);  // Without a port, which getpeername(2) wants.
  int own_header = raw(AF_INET, IPPROTO_RAW);
  int icmp = raw(AF_INET, IPPROTO_ICMP);
  inet_set(icmp, kRaw, kIcmpFilter, ~(1 << kEchoReply));
  inet_set(icmp, IPPROTO_IP, IP_HDRINCL, 1);
  inet_set(icmp, IPPROTO_IP, IP_TTL, 9);
  int joined = joins(icmp);
  int six = raw(AF_INET6, protocol), six_icmp = raw(AF_INET6, IPPROTO_ICMPV6);
  inet_set(six, IPPROTO_IPV6, 7 /* IPV6_CHECKSUM */, 2);
  uint32_t filter[8] = {1, 2, 3, 4, 5, 6, 7, 8}, got[8];
  EXPECT_EQ(setsockopt(six_icmp, IPPROTO_ICMPV6, kIcmp6Filter, filter, sizeof filter), 0);
  int filtered = raw(AF_INET, other);
  struct filter_step none = {kReturn, 0, 0, 0};
  struct filter program = {1, &none};
  EXPECT_EQ(setsockopt(filtered, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
  inet_set(filtered, SOL_SOCKET, SO_LOCK_FILTER, 1);
  int ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);  // Where ping_group_range lets it.
  if (ping >= 0) inet_bind(ping, "127.0.0.1", 4711);

  e2e_ready_and_wait();

  // Nothing came in while it was made again.
  expect_nothing(any);
  expect_nothing(bound);
  say(sender, "127.0.0.2", "hello");
  expect_packet(any, 20, "hello");
  expect_packet(bound, 20, "hello");
  say(sender, "127.0.0.1", "you");
  expect_packet(any, 20, "you");
  expect_nothing(bound);
  EXPECT_EQ(send(connected, "again", 5, 0), 5);
  expect_packet(connected, 20, "again");
  expect_nothing(filtered);
  EXPECT_EQ(count_of_filter(filtered), 1);
  EXPECT_EQ(count_of_filter(any), 0);
  EXPECT_EQ(inet_option(filtered, SOL_SOCKET, SO_LOCK_FILTER), 1);
  EXPECT_EQ(inet_option(own_header, IPPROTO_IP, IP_HDRINCL), 1);
  EXPECT_EQ(inet_option(icmp, IPPROTO_IP, IP_HDRINCL), 1);
  EXPECT_EQ(inet_option(icmp, IPPROTO_IP, IP_TTL), 9);
  EXPECT_EQ(inet_option(icmp, kRaw, kIcmpFilter), ~(1 << kEchoReply));
  if (joined) EXPECT(!joins(icmp));
  EXPECT_EQ(inet_option(six, IPPROTO_IPV6, 7), 2);
  socklen_t size = sizeof got;
  EXPECT_EQ(getsockopt(six_icmp, IPPROTO_ICMPV6, kIcmp6Filter, got, &size), 0);
  EXPECT(memcmp(got, filter, sizeof got) == 0);
  if (ping >= 0) EXPECT_EQ(inet_port(ping), 4711);
  return e2e_ok();
}
