// Processes that write to each other all the time, both ways, through buffers of several sizes; every byte counts.
#include "tests/e2e/programs/inet.h"
#include "tests/e2e/programs/tree.h"

enum { kPairs = 4, kPiece = 30000 };

static struct inet_pair pairs[kPairs];
static const int kBuffers[kPairs] = {0, 30000, 100000, 0};

struct stream {
  uint64_t seed, sent, received;
  int ended;
};

// Sends what goes, until `stop`; then says so by ending its stream.
static void send_some(int fd, struct stream* s, size_t piece, int stop) {
  static unsigned char bytes[kPiece];
  if (s->ended) return;
  if (stop) {
    EXPECT_EQ(shutdown(fd, SHUT_WR), 0);
    s->ended = 1;
    return;
  }
  inet_make_bytes(bytes, piece, s->seed, s->sent);
  ssize_t n = send(fd, bytes, piece, MSG_DONTWAIT);
  EXPECT(n > 0 || errno == EAGAIN);
  if (n > 0) s->sent += n;
}

// 1 at the end.
static int receive_some(int fd, struct stream* s, size_t piece) {
  static unsigned char bytes[kPiece];
  ssize_t n = recv(fd, bytes, piece, MSG_DONTWAIT);
  EXPECT(n >= 0 || errno == EAGAIN);
  if (n > 0) inet_check_bytes(bytes, n, s->seed, s->received);
  if (n > 0) s->received += n;
  return n == 0;
}

// `who`: which of the pair, times two, plus which end.
static void talk(long who) {
  int fd = who % 2 ? pairs[who / 2].server : pairs[who / 2].client;
  struct stream out = {.seed = who}, in = {.seed = who ^ 1};
  uint64_t turn = who * 7919;
  tree_set_up();
  long long begin = e2e_now_ms();
  for (int over = 0; !over;) {
    struct pollfd poller = {.fd = fd, .events = POLLIN | (out.ended ? 0 : POLLOUT)};
    poll(&poller, 1, 20);
    turn = turn * 6364136223846793005u + 1442695040888963407u;
    int stop = e2e_go_exists() && e2e_now_ms() - begin > 200;
    // Now the one is ahead, now the other.
    if (poller.revents & POLLOUT || stop) send_some(fd, &out, 1 + (turn >> 33) % kPiece, stop);
    if ((turn >> 50) % 3 != 0 || out.ended) over = receive_some(fd, &in, 1 + (turn >> 40) % kPiece);
    if ((turn >> 20) % 64 == 0) e2e_pause_ms(1);
  }
  while (!out.ended) send_some(fd, &out, 1, 1);
  EXPECT(in.received > 0);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  for (int i = 0; i < kPairs; ++i) {
    const char* text = i % 2 ? "::1" : "127.0.0.1";
    int listener = inet_socket(text, SOCK_STREAM);
    if (kBuffers[i]) inet_set(listener, SOL_SOCKET, SO_RCVBUF, kBuffers[i]);
    inet_bind(listener, text, 0);
    EXPECT_EQ(listen(listener, 1), 0);
    pairs[i] = inet_connect_pair(listener, text);
    // A small window opens slowly: not too much before it.
    if (kBuffers[i]) inet_set(pairs[i].client, SOL_SOCKET, SO_SNDBUF, 4 * kBuffers[i]);
    close(listener);
  }
  pid_t children[2 * kPairs];
  for (int i = 0; i < 2 * kPairs; ++i) children[i] = tree_fork(talk, i);
  for (int i = 0; i < kPairs; ++i) {
    close(pairs[i].client);
    close(pairs[i].server);
  }
  tree_await(2 * kPairs);
  e2e_pause_ms(100);
  e2e_ready_and_wait();
  for (int i = 0; i < 2 * kPairs; ++i) tree_reap(children[i]);
  return e2e_ok();
}
