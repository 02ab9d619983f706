// Options of TCP, IP and IPv6, of listeners, connections and sockets that are neither.
#include "tests/e2e/programs/inet.h"

struct setting {
  int level, option, value;
};

static const struct setting kAny[] = {
    {IPPROTO_IP, IP_TOS, 0x10},        {SOL_SOCKET, SO_KEEPALIVE, 1},     {SOL_SOCKET, SO_REUSEADDR, 1},    {SOL_SOCKET, SO_REUSEPORT, 1},
    {SOL_SOCKET, SO_OOBINLINE, 1},     {SOL_SOCKET, SO_PRIORITY, 5},     {IPPROTO_TCP, TCP_NODELAY, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, 71},   {IPPROTO_TCP, TCP_KEEPINTVL, 13}, {IPPROTO_TCP, TCP_KEEPCNT, 4},
    {IPPROTO_TCP, TCP_SYNCNT, 3},      {IPPROTO_TCP, TCP_LINGER2, 21},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 12345},
    {IPPROTO_TCP, TCP_CORK, 1},        {IPPROTO_IP, IP_TTL, 33},
    {IPPROTO_IP, IP_MTU_DISCOVER, 2},  {IPPROTO_IP, IP_RECVTOS, 1},      {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1},
    {IPPROTO_IP, IP_FREEBIND, 1},
};
static const struct setting kSix[] = {{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44}, {IPPROTO_IPV6, IPV6_TCLASS, 0x20}, {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1}};

enum { kAnyCount = sizeof kAny / sizeof *kAny, kSixCount = sizeof kSix / sizeof *kSix };

static void each(int fd, int is_six, int check) {
  for (int i = 0; i < kAnyCount + (is_six ? kSixCount : 0); ++i) {
    const struct setting* s = i < kAnyCount ? &kAny[i] : &kSix[i - kAnyCount];
    if (!check) {
      inet_set(fd, s->level, s->option, s->value);
    } else if (inet_option(fd, s->level, s->option) != s->value) {
      e2e_fail("option %d of level %d is %d, not %d", s->option, s->level, inet_option(fd, s->level, s->option), s->value);
    }
  }
}

static void set_more(int fd) {
  struct linger lingering = {1, 3};
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering), 0);
  struct timeval timeout = {7, 500000};
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
  EXPECT_EQ(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
  inet_set(fd, SOL_SOCKET, SO_SNDBUF, 30000);
}

static void check_more(int fd) {
  struct linger lingering;
  socklen_t size = sizeof lingering;
  EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_LINGER, &lingering, &size), 0);
  EXPECT(lingering.l_onoff == 1 && lingering.l_linger == 3);
  struct timeval timeout;
  size = sizeof timeout;
  EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &size), 0);
  EXPECT_EQ(timeout.tv_sec, 7);
  char name[16] = "";
  size = sizeof name;
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
  EXPECT(strcmp(name, "reno") == 0);
  EXPECT_EQ(inet_option(fd, SOL_SOCKET, SO_SNDBUF), 60000);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const char* const texts[] = {"127.0.0.1", "::1"};
  int idle[2], listener[2], plain_listener[2];
  struct inet_pair pair[2], plain[2];
  for (int i = 0; i < 2; ++i) {
    idle[i] = inet_socket(texts[i], SOCK_STREAM);
    listener[i] = inet_socket(texts[i], SOCK_STREAM);
    each(listener[i], i, 0);
    inet_bind(listener[i], texts[i], 0);
    EXPECT_EQ(listen(listener[i], 3), 0);
    plain_listener[i] = inet_listener(texts[i], 3);
    pair[i] = inet_connect_pair(plain_listener[i], texts[i]);
    plain[i] = inet_connect_pair(plain_listener[i], texts[i]);
    each(idle[i], i, 0);
    each(pair[i].client, i, 0);
    each(pair[i].server, i, 0);
    set_more(idle[i]);
    set_more(listener[i]);
    set_more(pair[i].client);
    EXPECT_EQ(setsockopt(idle[i], SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < 2; ++i) {
    each(idle[i], i, 1);
    each(listener[i], i, 1);
    each(pair[i].client, i, 1);
    each(pair[i].server, i, 1);
    check_more(idle[i]);
    check_more(listener[i]);
    check_more(pair[i].client);
    char device[16] = "";
    socklen_t size = sizeof device;
    EXPECT_EQ(getsockopt(idle[i], SOL_SOCKET, SO_BINDTODEVICE, device, &size), 0);
    EXPECT(strcmp(device, "lo") == 0);
    EXPECT_EQ(inet_option(plain[i].server, SOL_SOCKET, SO_REUSEADDR), 0);
    EXPECT_EQ(inet_option(plain[i].server, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(inet_option(plain[i].client, SOL_SOCKET, SO_KEEPALIVE), 0);
    inet_set(pair[i].client, IPPROTO_TCP, TCP_CORK, 0);
    inet_expect_works(pair[i].client, pair[i].server);
  }
  return e2e_ok();
}
