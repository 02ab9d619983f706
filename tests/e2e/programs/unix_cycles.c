// Sockets in their own queue, and in each other's.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int own[2], left[2], right[2], alone[2], fds[8];
  char got[64];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, own), 0);
  unix_send_fds(own[0], "myself", (int[]){own[1]}, 1);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, left), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, right), 0);
  unix_send_fds(left[0], "to the left", (int[]){right[1]}, 1);
  unix_send_fds(right[0], "to the right", (int[]){left[1]}, 1);
  close(right[1]);
  // Both sides are in a queue only.
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, alone), 0);
  unix_write(alone[0], "alone");
  unix_send_fds(left[0], "two", alone, 2);
  close(alone[0]);
  close(alone[1]);

  e2e_ready_and_wait();

  EXPECT_EQ(unix_receive(own[1], got, sizeof got, fds, NULL), 1);
  EXPECT(strcmp(got, "myself") == 0);
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), getpid(), 0, own[1], fds[0]), 0);
  close(fds[0]);
  unix_expect_works(own[0], own[1]);

  EXPECT_EQ(unix_receive(left[1], got, sizeof got, fds, NULL), 1);
  EXPECT(strcmp(got, "to the left") == 0);
  int other = fds[0];
  EXPECT_EQ(unix_receive(other, got, sizeof got, fds, NULL), 1);
  EXPECT(strcmp(got, "to the right") == 0);
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), getpid(), 0, left[1], fds[0]), 0);
  unix_expect_works(right[0], other);

  EXPECT_EQ(unix_receive(left[1], got, sizeof got, fds, NULL), 2);
  unix_expect_read(fds[1], "alone");
  unix_expect_works(fds[1], fds[0]);
  return e2e_ok();
}
