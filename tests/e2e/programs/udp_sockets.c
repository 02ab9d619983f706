// UDP sockets: bound, connected, with unread datagrams of several senders, shut down, in multicast groups.
#include "tests/e2e/programs/inet.h"

static unsigned char bytes[1 << 16];

static void send_to(int from, int to, const char* text, size_t size, uint64_t seed) {
  struct inet_address address = inet_make(text, inet_port(to));
  inet_make_bytes(bytes, size, seed, 0);
  EXPECT_EQ(sendto(from, bytes, size, 0, (struct sockaddr*)&address.storage, address.size), (ssize_t)size);
}

// The next datagram came from this address.
static void expect_from(int fd, const struct inet_address* from, size_t size, uint64_t seed) {
  struct inet_address got;
  memset(&got, 0, sizeof got);
  got.size = sizeof got.storage;
  ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr*)&got.storage, &got.size);
  EXPECT_EQ(n, (ssize_t)size);
  inet_check_bytes(bytes, size, seed, 0);
  EXPECT_EQ(got.size, from->size);
  EXPECT(memcmp(&got.storage, &from->storage, got.size) == 0);
}

static void expect_empty(int fd) {
  EXPECT_EQ(recv(fd, bytes, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

static void join(int fd, const char* group) {
  struct ip_mreqn request = {.imr_ifindex = 1};
  EXPECT_EQ(inet_pton(AF_INET, group, &request.imr_multiaddr), 1);
  if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) e2e_skip("no multicast here");
}

static void check_group(int fd) {
  struct ip_mreqn request = {.imr_ifindex = 1};
  EXPECT_EQ(inet_pton(AF_INET, "239.1.2.3", &request.imr_multiaddr), 1);
  EXPECT_EQ(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request), -1);
  EXPECT_EQ(errno, EADDRINUSE);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static const char* const kTexts[2] = {"127.0.0.1", "::1"};
  int any[2], bound[2], pair[2][2], sender[2], fresh[2];
  struct inet_address names[2][5], gone[2];
  for (int i = 0; i < 2; ++i) {
    fresh[i] = inet_socket(kTexts[i], SOCK_DGRAM);
    bound[i] = inet_bound(kTexts[i], SOCK_DGRAM);
    any[i] = inet_bound(i ? "::" : "0.0.0.0", SOCK_DGRAM);
    sender[i] = inet_bound(kTexts[i], SOCK_DGRAM);
    for (int k = 0; k < 2; ++k) pair[i][k] = inet_bound(kTexts[i], SOCK_DGRAM);
    inet_connect(pair[i][0], kTexts[i], inet_port(pair[i][1]));
    inet_connect(pair[i][1], kTexts[i], inet_port(pair[i][0]));
    int closed = inet_bound(kTexts[i], SOCK_DGRAM);
    gone[i] = inet_name(closed, 0);
    send_to(sender[i], bound[i], kTexts[i], 10, 1);
    send_to(closed, bound[i], kTexts[i], 20000, 2);
    close(closed);
    send_to(pair[i][0], bound[i], kTexts[i], 0, 3);
    send_to(sender[i], any[i], kTexts[i], 1000, 4);
    send_to(pair[i][0], pair[i][1], kTexts[i], 100, 5);
    send_to(pair[i][0], pair[i][1], kTexts[i], 60000, 6);
    int all[5] = {bound[i], any[i], pair[i][0], pair[i][1], sender[i]};
    for (int k = 0; k < 5; ++k) names[i][k] = inet_name(all[k], 0);
  }
  // Connected later than what it has.
  int late = inet_bound("127.0.0.1", SOCK_DGRAM);
  send_to(sender[0], late, "127.0.0.1", 50, 7);
  inet_connect(late, "127.0.0.1", inet_port(bound[0]));
  // With its own wishes.
  int options = inet_bound("127.0.0.1", SOCK_DGRAM);
  inet_set(options, IPPROTO_IP, IP_PKTINFO, 1);
  inet_set(options, SOL_SOCKET, SO_BROADCAST, 1);
  inet_set(options, IPPROTO_IP, IP_MULTICAST_TTL, 7);
  inet_set(options, SOL_SOCKET, SO_RCVBUF, 9000);
  join(options, "239.1.2.3");
  int woken = inet_bound("127.0.0.1", SOCK_DGRAM);
  EXPECT_EQ(shutdown(woken, SHUT_RD), -1);
  EXPECT_EQ(errno, ENOTCONN);

  e2e_ready_and_wait();

  for (int i = 0; i < 2; ++i) {
    int all[5] = {bound[i], any[i], pair[i][0], pair[i][1], sender[i]};
    for (int k = 0; k < 5; ++k) inet_expect_name(all[k], 0, &names[i][k]);
    inet_expect_name(pair[i][0], 1, &names[i][3]);
    inet_expect_name(pair[i][1], 1, &names[i][2]);
    expect_from(bound[i], &names[i][4], 10, 1);
    expect_from(bound[i], &gone[i], 20000, 2);
    if (e2e_snapshots() <= 1) expect_from(bound[i], &names[i][2], 0, 3);
    expect_from(any[i], &names[i][4], 1000, 4);
    expect_from(pair[i][1], &names[i][2], 100, 5);
    expect_from(pair[i][1], &names[i][2], 60000, 6);
    send_to(fresh[i], any[i], kTexts[i], 5, 8);
    struct inet_address now = inet_name(fresh[i], 0);
    struct inet_address from = inet_make(kTexts[i], ntohs(((struct sockaddr_in*)&now.storage)->sin_port));
    expect_from(any[i], &from, 5, 8);
    if (e2e_snapshots() <= 1) expect_empty(bound[i]);
    expect_empty(any[i]);
    expect_empty(pair[i][0]);
    expect_empty(pair[i][1]);
    EXPECT_EQ(inet_option(bound[i], SOL_SOCKET, SO_REUSEADDR), 0);
    EXPECT_EQ(inet_option(bound[i], SOL_SOCKET, SO_PEEK_OFF), -1);
  }
  expect_from(late, &names[0][4], 50, 7);
  inet_expect_name(late, 1, &names[0][0]);
  EXPECT_EQ(inet_option(options, IPPROTO_IP, IP_PKTINFO), 1);
  EXPECT_EQ(inet_option(options, SOL_SOCKET, SO_BROADCAST), 1);
  EXPECT_EQ(inet_option(options, IPPROTO_IP, IP_MULTICAST_TTL), 7);
  EXPECT_EQ(inet_option(options, SOL_SOCKET, SO_RCVBUF), 18000);
  check_group(options);
  EXPECT_EQ(recv(woken, bytes, 1, 0), 0);
  return e2e_ok();
}
