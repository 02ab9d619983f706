// Netlink sockets: port, groups beyond 32, options; they talk to the kernel.
#include <poll.h>
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

// linux/netlink.h and rtnetlink.h, which not every C library comes with.
struct sockaddr_netlink {
  uint16_t family, pad;
  uint32_t port, groups;
};
struct link_request {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
  uint8_t family, pad;
  uint16_t hardware;
  int32_t index;
  uint32_t link_flags, change;
};
enum { ROUTE = 0, UEVENT = 15, GENERIC = 16, SOL = 270, ADD_MEMBERSHIP = 1, PKTINFO = 3, LIST = 9, EXT_ACK = 11, GETLINK = 18 };

static int open_netlink(int type, int protocol, uint32_t groups) {
  int fd = socket(AF_NETLINK, type, protocol);
  struct sockaddr_netlink name = {.family = AF_NETLINK, .groups = groups};
  EXPECT(fd >= 0);
  EXPECT_EQ(bind(fd, (struct sockaddr*)&name, sizeof name), 0);
  return fd;
}

static struct sockaddr_netlink name_of(int fd) {
  struct sockaddr_netlink name = {0};
  socklen_t size = sizeof name;
  EXPECT_EQ(getsockname(fd, (struct sockaddr*)&name, &size), 0);
  return name;
}

static int option(int fd, int number) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, SOL, number, &value, &size), 0);
  return value;
}

static void ask(int fd, uint32_t sequence) {
  char reply[16384];
  struct sockaddr_netlink from;
  socklen_t size = sizeof from;
  struct link_request request = {.length = sizeof request, .type = GETLINK, .flags = 1, .sequence = sequence, .index = 1};
  EXPECT_EQ(send(fd, &request, sizeof request, 0), sizeof request);
  ssize_t got = recvfrom(fd, reply, sizeof reply, 0, (struct sockaddr*)&from, &size);
  EXPECT(got >= 16 && from.port == 0);
  uint32_t words[4];
  memcpy(words, reply, sizeof words);
  EXPECT_EQ(words[2], sequence);
  EXPECT_EQ(words[3], name_of(fd).port);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int route = open_netlink(SOCK_RAW | SOCK_CLOEXEC, ROUTE, 1 | 0x40);
  int uevent = open_netlink(SOCK_DGRAM | SOCK_NONBLOCK, UEVENT, 1);
  int generic = open_netlink(SOCK_RAW, GENERIC, 0), fresh = socket(AF_NETLINK, SOCK_RAW, ROUTE);
  int high = 34, on = 1, bytes = 50000;
  EXPECT_EQ(setsockopt(route, SOL, ADD_MEMBERSHIP, &high, sizeof high), 0);
  EXPECT_EQ(setsockopt(route, SOL, EXT_ACK, &on, sizeof on), 0);
  EXPECT_EQ(setsockopt(uevent, SOL, PKTINFO, &on, sizeof on), 0);
  EXPECT_EQ(setsockopt(uevent, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
  ask(route, 7);
  struct sockaddr_netlink before[] = {name_of(route), name_of(uevent), name_of(generic)};
  e2e_ready_and_wait();
  struct sockaddr_netlink after[] = {name_of(route), name_of(uevent), name_of(generic)};
  EXPECT(memcmp(before, after, sizeof before) == 0);
  EXPECT_EQ(name_of(fresh).port, 0);
  EXPECT_EQ(option(route, EXT_ACK), 1);
  EXPECT_EQ(option(route, PKTINFO), 0);
  EXPECT_EQ(option(uevent, PKTINFO), 1);
  uint32_t groups[8] = {0};
  socklen_t size = sizeof groups;
  EXPECT_EQ(getsockopt(route, SOL, LIST, groups, &size), 0);
  EXPECT_EQ(groups[0], 0x41);
  EXPECT_EQ(groups[1], 2);
  size = sizeof bytes;
  EXPECT(getsockopt(uevent, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0 && bytes == 100000);
  EXPECT(fcntl(uevent, F_GETFL) & O_NONBLOCK);
  ask(route, 8);
  ask(fresh, 9);
  return e2e_ok();
}
