// Socket pairs of streams: unread data in both directions, half-shut, full, non-blocking.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int plain[2], half[2], full[2], receive_shut[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, plain), 0);
  unix_write(plain[0], "to the right, ");
  unix_write(plain[0], "in two pieces");
  unix_write(plain[1], "to the left");

  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, half), 0);
  unix_write(half[0], "last words");
  EXPECT_EQ(shutdown(half[0], SHUT_WR), 0);

  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, receive_shut), 0);
  unix_write(receive_shut[0], "still there");
  EXPECT_EQ(shutdown(receive_shut[1], SHUT_RD), 0);

  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, full), 0);
  static char block[5000];
  long long written = 0;
  ssize_t n;
  e2e_fill(block, sizeof block, 7);
  while ((n = write(full[1], block, sizeof block)) > 0) written += n;
  EXPECT_EQ(errno, EAGAIN);
  int half_events = unix_events(half[1]), shut_events = unix_events(receive_shut[1]);

  e2e_ready_and_wait();

  unix_expect_read(plain[1], "to the right, in two pieces");
  unix_expect_read(plain[0], "to the left");
  unix_expect_works(plain[0], plain[1]);
  unix_expect_works(plain[1], plain[0]);
  unix_expect_creator(plain[0], getpid(), geteuid(), getegid());
  unix_expect_name(plain[0], 0, "");
  unix_expect_name(plain[0], 1, "");

  EXPECT_EQ(unix_events(half[1]), half_events);
  unix_expect_read(half[1], "last words");
  unix_expect_end(half[1]);
  unix_expect_works(half[1], half[0]);
  EXPECT_EQ(send(half[0], "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);

  EXPECT_EQ(unix_events(receive_shut[1]), shut_events);
  unix_expect_read(receive_shut[1], "still there");
  unix_expect_end(receive_shut[1]);
  EXPECT_EQ(send(receive_shut[0], "x", 1, MSG_NOSIGNAL), -1);
  unix_expect_works(receive_shut[1], receive_shut[0]);

  EXPECT(fcntl(full[0], F_GETFL) & O_NONBLOCK);
  EXPECT(!(fcntl(plain[0], F_GETFL) & O_NONBLOCK));
  EXPECT_EQ(fcntl(half[0], F_GETFD), FD_CLOEXEC);
  while (written > 0) {
    static char got[5000];
    size_t want = written < (long long)sizeof got ? (size_t)written : sizeof got, have = 0;
    while (have < want && (n = read(full[0], got + have, want - have)) > 0) have += n;
    EXPECT_EQ(have, want);
    if (want == sizeof got) e2e_check_fill(got, sizeof got, 7);
    written -= want;
  }
  unix_expect_nothing(full[0]);
  unix_expect_works(full[1], full[0]);
  return e2e_ok();
}
