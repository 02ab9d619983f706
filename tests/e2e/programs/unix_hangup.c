// The other side is closed: with data left here, with data it had not read, with a name.
#include "tests/e2e/programs/unix_socket.h"

static int events[6];

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int left[2], reset[2], both[2], packets[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, left), 0);
  unix_write(left[1], "left behind");
  close(left[1]);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, reset), 0);
  unix_write(reset[0], "never read");
  unix_write(reset[1], "but this");
  close(reset[1]);
  int listener = unix_bound(SOCK_STREAM, e2e_file("listener"));
  EXPECT_EQ(listen(listener, 2), 0);
  int client = unix_connected(SOCK_STREAM, e2e_file("listener"));
  int server = accept(listener, NULL, NULL);
  unix_write(server, "bye");
  close(server);
  int named = unix_bound(SOCK_STREAM, "named");
  unix_connect(named, e2e_file("listener"));
  int orphan = accept(listener, NULL, NULL);
  close(named);
  // The listener went away before anybody accepted.
  int short_lived = unix_bound(SOCK_STREAM, "short");
  EXPECT_EQ(listen(short_lived, 2), 0);
  int refused = unix_connected(SOCK_STREAM, "short");
  close(short_lived);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
  EXPECT_EQ(shutdown(both[0], SHUT_RDWR), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
  unix_write(packets[1], "packet");
  close(packets[1]);
  int fds[6] = {left[0], reset[0], client, orphan, refused, both[1]};
  for (int i = 0; i < 6; ++i) events[i] = unix_events(fds[i]);

  e2e_ready_and_wait();

  for (int i = 0; i < 6; ++i) EXPECT_EQ(unix_events(fds[i]), events[i]);
  EXPECT_EQ(unix_events(left[0]) & (POLLHUP | POLLIN | POLLERR), POLLHUP | POLLIN);
  unix_expect_read(left[0], "left behind");
  unix_expect_end(left[0]);
  EXPECT_EQ(send(left[0], "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
  unix_expect_read(reset[0], "but this");
  char byte;
  EXPECT_EQ(recv(reset[0], &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, ECONNRESET);
  unix_expect_end(reset[0]);
  unix_expect_read(client, "bye");
  unix_expect_end(client);
  unix_expect_name(client, 1, e2e_file("listener"));
  unix_expect_name(orphan, 0, e2e_file("listener"));
  unix_expect_name(orphan, 1, "named");
  unix_expect_end(orphan);
  unix_expect_name(refused, 1, "short");
  EXPECT_EQ(recv(refused, &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, ECONNRESET);
  unix_expect_end(both[0]);
  unix_expect_end(both[1]);
  unix_expect_read(packets[0], "packet");
  unix_expect_end(packets[0]);
  return e2e_ok();
}
