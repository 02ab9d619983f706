// What the programs about network sockets share.
#ifndef TESTS_E2E_PROGRAMS_INET_H_
#define TESTS_E2E_PROGRAMS_INET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

struct inet_address {
  struct sockaddr_storage storage;
  socklen_t size;
};

// "127.0.0.1" or "::1" with a port.
E2E_FN struct inet_address inet_make(const char* text, int port) {
  struct inet_address address;
  memset(&address, 0, sizeof address);
  struct sockaddr_in* four = (struct sockaddr_in*)&address.storage;
  struct sockaddr_in6* six = (struct sockaddr_in6*)&address.storage;
  if (strchr(text, ':')) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    EXPECT_EQ(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
    address.size = sizeof *six;
  } else {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    EXPECT_EQ(inet_pton(AF_INET, text, &four->sin_addr), 1);
    address.size = sizeof *four;
  }
  return address;
}

E2E_FN struct inet_address inet_name(int fd, int of_peer) {
  struct inet_address address;
  memset(&address, 0, sizeof address);
  address.size = sizeof address.storage;
  int failed = of_peer ? getpeername(fd, (struct sockaddr*)&address.storage, &address.size)
                       : getsockname(fd, (struct sockaddr*)&address.storage, &address.size);
  EXPECT_EQ(failed, 0);
  return address;
}

E2E_FN int inet_port(int fd) {
  struct inet_address address = inet_name(fd, 0);
  // The port is at the same place in both families.
  return ntohs(((struct sockaddr_in*)&address.storage)->sin_port);
}

E2E_FN void inet_expect_name(int fd, int of_peer, const struct inet_address* wanted) {
  struct inet_address got = inet_name(fd, of_peer);
  EXPECT_EQ(got.size, wanted->size);
  EXPECT(memcmp(&got.storage, &wanted->storage, got.size) == 0);
}

E2E_FN int inet_family(const char* text) { return strchr(text, ':') ? AF_INET6 : AF_INET; }

E2E_FN int inet_socket(const char* text, int type) {
  int fd = socket(inet_family(text), type, 0);
  if (fd < 0 && errno == EAFNOSUPPORT) e2e_skip("no IPv6 here");
  EXPECT(fd >= 0);
  return fd;
}

E2E_FN void inet_bind(int fd, const char* text, int port) {
  struct inet_address address = inet_make(text, port);
  if (bind(fd, (struct sockaddr*)&address.storage, address.size) == 0) return;
  if (errno == EADDRNOTAVAIL) e2e_skip("no IPv6 address here");
  EXPECT_EQ(errno, 0);
}

// A port of its own that the kernel gives to nobody who does not ask for it (ip_local_port_range):
// while the program is dead, others find ports for themselves.
E2E_FN int inet_bound(const char* text, int type) {
  enum { kFirst = 10000, kPorts = 20000 };
  static int tried;
  int fd = inet_socket(text, type);
  for (int i = 0; i < kPorts; ++i) {
    struct inet_address address = inet_make(text, kFirst + (getpid() * 17 + tried++) % kPorts);
    if (bind(fd, (struct sockaddr*)&address.storage, address.size) == 0) return fd;
    if (errno == EADDRNOTAVAIL) e2e_skip("no IPv6 address here");
    EXPECT_EQ(errno, EADDRINUSE);
  }
  e2e_fail("no port is free");
}

E2E_FN int inet_listener(const char* text, int backlog) {
  int fd = inet_bound(text, SOCK_STREAM);
  EXPECT_EQ(listen(fd, backlog), 0);
  return fd;
}

E2E_FN void inet_connect(int fd, const char* text, int port) {
  struct inet_address address = inet_make(text, port);
  EXPECT_EQ(connect(fd, (struct sockaddr*)&address.storage, address.size), 0);
}

E2E_FN int inet_connected(const char* text, int port) {
  int fd = inet_socket(text, SOCK_STREAM);
  inet_connect(fd, text, port);
  return fd;
}

struct inet_pair {
  int client, server;
  struct inet_address client_name, server_name;
};

// A connection through `listener`, to which `text` leads.
E2E_FN struct inet_pair inet_connect_pair(int listener, const char* text) {
  struct inet_pair pair;
  pair.client = inet_connected(text, inet_port(listener));
  pair.server = accept(listener, NULL, NULL);
  EXPECT(pair.server >= 0);
  pair.client_name = inet_name(pair.client, 0);
  pair.server_name = inet_name(pair.client, 1);
  return pair;
}

E2E_FN void inet_write(int fd, const char* text) {
  EXPECT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

E2E_FN void inet_expect_read(int fd, const char* text) {
  char got[1 << 12];
  size_t wanted = strlen(text), done = 0;
  while (done < wanted) {
    ssize_t n = recv(fd, got + done, wanted - done, 0);
    EXPECT(n > 0);
    done += n;
  }
  EXPECT(memcmp(got, text, wanted) == 0);
}

E2E_FN int inet_unread(int fd) {
  int count = -1;
  EXPECT_EQ(ioctl(fd, FIONREAD, &count), 0);
  return count;
}

E2E_FN void inet_expect_works(int from, int to) {
  inet_write(from, "it works");
  inet_expect_read(to, "it works");
}

E2E_FN int inet_tcp_state(int fd) {
  struct tcp_info info;
  socklen_t size = sizeof info;
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  return info.tcpi_state;
}

// A restored end may still be about to be told that its own end has arrived.
E2E_FN void inet_await_tcp_state(int fd, int state) {
  for (int i = 0; i < 5000 && inet_tcp_state(fd) != state; ++i) e2e_pause_ms(1);
  EXPECT_EQ(inet_tcp_state(fd), state);
}

E2E_FN int inet_option(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, option, &value, &size), 0);
  return value;
}

E2E_FN void inet_set(int fd, int level, int option, int value) {
  EXPECT_EQ(setsockopt(fd, level, option, &value, sizeof value), 0);
}

// Byte `at` of the stream that `seed` stands for.
static inline unsigned char inet_byte(uint64_t seed, uint64_t at) {
  uint64_t word = (at / 8 + seed) * 0x9e3779b97f4a7c15u;
  return (unsigned char)((word ^ word >> 29) >> (at % 8 * 8));
}

E2E_FN void inet_make_bytes(unsigned char* bytes, size_t size, uint64_t seed, uint64_t at) {
  for (size_t i = 0; i < size; ++i) bytes[i] = inet_byte(seed, at + i);
}

E2E_FN void inet_check_bytes(const unsigned char* bytes, size_t size, uint64_t seed, uint64_t at) {
  for (size_t i = 0; i < size; ++i)
    if (bytes[i] != inet_byte(seed, at + i))
      e2e_fail("byte %llu of the stream %llu differs", (unsigned long long)(at + i),
               (unsigned long long)seed);
}

#endif  // TESTS_E2E_PROGRAMS_INET_H_
