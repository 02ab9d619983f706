// Datagram and packet pairs keep the bounds of their messages, those without bytes too.
#include "tests/e2e/programs/unix_socket.h"

static void fill(int fd) {
  static char large[70000];
  e2e_fill(large, sizeof large, 3);
  EXPECT_EQ(send(fd, "", 0, 0), 0);
  unix_write(fd, "one");
  EXPECT_EQ(send(fd, large, sizeof large, MSG_DONTWAIT), sizeof large);
  EXPECT_EQ(send(fd, "", 0, 0), 0);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(send(fd, &i, sizeof i, 0), sizeof i);
}

static void check(int fd) {
  static char large[80000];
  EXPECT_EQ(recv(fd, large, sizeof large, MSG_DONTWAIT), 0);
  unix_expect_read(fd, "one");
  EXPECT_EQ(recv(fd, large, sizeof large, MSG_DONTWAIT), 70000);
  e2e_check_fill(large, 70000, 3);
  EXPECT_EQ(recv(fd, large, sizeof large, MSG_DONTWAIT), 0);
  for (int i = 0, got = -1; i < 30; ++i) {
    EXPECT_EQ(recv(fd, &got, sizeof got, MSG_DONTWAIT), sizeof got);
    EXPECT_EQ(got, i);
  }
  unix_expect_nothing(fd);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int datagrams[2], packets[2], ended[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ended), 0);
  fill(datagrams[0]);
  unix_write(datagrams[1], "back");
  fill(packets[1]);
  unix_write(ended[0], "first");
  unix_write(ended[0], "second");
  close(ended[0]);
  int events = unix_events(ended[1]);

  e2e_ready_and_wait();

  check(datagrams[1]);
  unix_expect_read(datagrams[0], "back");
  unix_expect_works(datagrams[0], datagrams[1]);
  unix_expect_works(datagrams[1], datagrams[0]);
  unix_expect_creator(datagrams[1], getpid(), geteuid(), getegid());
  check(packets[0]);
  unix_expect_works(packets[1], packets[0]);
  EXPECT_EQ(unix_events(ended[1]), events);
  unix_expect_read(ended[1], "first");
  unix_expect_read(ended[1], "second");
  unix_expect_end(ended[1]);
  return e2e_ok();
}
