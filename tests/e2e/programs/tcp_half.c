// Connections that have ended in one direction or both, with and without unread data.
#include "tests/e2e/programs/inet.h"

static unsigned char big[3 << 20], got[1 << 16];

static void expect_end(int fd) {
  char byte;
  EXPECT_EQ(recv(fd, &byte, 1, 0), 0);
}

static void expect_big(int fd, size_t size, uint64_t seed) {
  size_t done = 0;
  while (done < size) {
    ssize_t n = recv(fd, got, sizeof got, 0);
    EXPECT(n > 0);
    inet_check_bytes(got, n, seed, done);
    done += n;
  }
}

static size_t fill(int fd, uint64_t seed) {
  size_t done = 0;
  inet_make_bytes(big, sizeof big, seed, 0);
  ssize_t n;
  while (done < sizeof big && (n = send(fd, big + done, sizeof big - done, MSG_DONTWAIT)) > 0) done += n;
  return done;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  int listener = inet_listener("127.0.0.1", 20);
  struct inet_pair p[10];
  for (int i = 0; i < 10; ++i) p[i] = inet_connect_pair(listener, "127.0.0.1");
  // 0: the client has said all; the server has not read it.
  inet_write(p[0].client, "all");
  EXPECT_EQ(shutdown(p[0].client, SHUT_WR), 0);
  // 1: the same the other way round, with nothing unread.
  EXPECT_EQ(shutdown(p[1].server, SHUT_WR), 0);
  expect_end(p[1].client);
  // 2: the client is gone, and left something.
  inet_write(p[2].client, "the rest");
  close(p[2].client);
  // 3: the server is gone.
  close(p[3].server);
  // 4: both have ended; each has something to read.
  inet_write(p[4].client, "to the server");
  inet_write(p[4].server, "to the client");
  EXPECT_EQ(shutdown(p[4].client, SHUT_WR), 0);
  EXPECT_EQ(shutdown(p[4].server, SHUT_WR), 0);
  // 5: shut for reading only.
  EXPECT_EQ(shutdown(p[5].client, SHUT_RD), 0);
  // 6: more than the window takes, and the end behind it.
  size_t sent = fill(p[6].client, 6);
  EXPECT_EQ(shutdown(p[6].client, SHUT_WR), 0);
  // 7: the same of a client that is gone.
  size_t left = fill(p[7].client, 7);
  close(p[7].client);
  // 8: closed by one, ended by the other.
  close(p[8].client);
  e2e_pause_ms(20);
  EXPECT_EQ(shutdown(p[8].server, SHUT_WR), 0);
  // 9: no end yet, but much in the way of the answer.
  size_t answer = fill(p[9].server, 9);
  e2e_pause_ms(100);

  e2e_ready_and_wait();

  inet_expect_read(p[0].server, "all");
  expect_end(p[0].server);
  EXPECT_EQ(inet_tcp_state(p[0].server), TCP_CLOSE_WAIT);
  inet_await_tcp_state(p[0].client, TCP_FIN_WAIT2);
  inet_expect_works(p[0].server, p[0].client);
  EXPECT_EQ(send(p[0].client, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPIPE);
  expect_end(p[1].client);
  inet_expect_works(p[1].client, p[1].server);
  inet_expect_name(p[2].server, 1, &p[2].client_name);
  inet_expect_read(p[2].server, "the rest");
  expect_end(p[2].server);
  EXPECT_EQ(inet_tcp_state(p[2].server), TCP_CLOSE_WAIT);
  expect_end(p[3].client);
  inet_expect_name(p[3].client, 0, &p[3].client_name);
  EXPECT_EQ(send(p[3].client, "x", 1, 0), 1);
  e2e_pause_ms(20);
  EXPECT_EQ(send(p[3].client, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_EQ(inet_tcp_state(p[4].server), TCP_CLOSE);
  inet_expect_read(p[4].server, "to the server");
  expect_end(p[4].server);
  inet_expect_read(p[4].client, "to the client");
  expect_end(p[4].client);
  inet_expect_name(p[4].client, 0, &p[4].client_name);
  expect_end(p[5].client);
  inet_expect_works(p[5].client, p[5].server);
  expect_big(p[6].server, sent, 6);
  expect_end(p[6].server);
  inet_expect_works(p[6].server, p[6].client);
  expect_big(p[7].server, left, 7);
  expect_end(p[7].server);
  expect_end(p[8].server);
  EXPECT_EQ(send(p[8].server, "x", 1, 0), -1);
  EXPECT_EQ(errno, EPIPE);
  expect_big(p[9].client, answer, 9);
  inet_expect_works(p[9].server, p[9].client);
  inet_expect_works(p[9].client, p[9].server);
  return e2e_ok();
}
