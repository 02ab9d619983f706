// Connections that are full in both directions: windows closed, send queues full, data held back.
#include "tests/e2e/programs/inet.h"

enum { kCount = 6, kBuffer = 1 << 16 };

static struct {
  const char* text;
  int receive_buffer;  // 0: as the kernel likes.
  size_t piece;
} const kCases[kCount] = {
    {"127.0.0.1", 0, kBuffer}, {"::1", 0, 1000}, {"127.0.0.1", 4096, kBuffer}, {"::1", 4096, 100}, {"127.0.0.1", 40000, 7}, {"127.0.0.1", 0, 333},
};

struct direction {
  int from, to;
  uint64_t seed, sent;
};

static unsigned char bytes[kBuffer];

// Until nothing more goes in, not even a little later.
static void fill(struct direction* way, size_t piece) {
  for (int quiet = 0; quiet < 3;) {
    size_t size = piece + way->sent % 5;
    if (size > sizeof bytes) size = sizeof bytes;
    inet_make_bytes(bytes, size, way->seed, way->sent);
    ssize_t n = send(way->from, bytes, size, MSG_DONTWAIT);
    if (n > 0) {
      way->sent += n;
      quiet = 0;
      continue;
    }
    EXPECT_EQ(errno, EAGAIN);
    e2e_pause_ms(10);
    ++quiet;
  }
}

static void drain(const struct direction* way) {
  uint64_t got = 0;
  while (got < way->sent) {
    ssize_t n = recv(way->to, bytes, sizeof bytes, 0);
    EXPECT(n > 0);
    inet_check_bytes(bytes, n, way->seed, got);
    got += n;
  }
  EXPECT_EQ(got, way->sent);
  EXPECT_EQ(recv(way->to, bytes, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct direction ways[kCount][2];
  for (int i = 0; i < kCount; ++i) {
    int listener = inet_socket(kCases[i].text, SOCK_STREAM);
    if (kCases[i].receive_buffer) inet_set(listener, SOL_SOCKET, SO_RCVBUF, kCases[i].receive_buffer);
    inet_bind(listener, kCases[i].text, 0);
    EXPECT_EQ(listen(listener, 1), 0);
    struct inet_pair pair = inet_connect_pair(listener, kCases[i].text);
    close(listener);
    if (i == 4) inet_set(pair.client, IPPROTO_TCP, TCP_NODELAY, 1);
    ways[i][0] = (struct direction){pair.client, pair.server, 2 * i, 0};
    ways[i][1] = (struct direction){pair.server, pair.client, 2 * i + 1, 0};
    fill(&ways[i][0], kCases[i].piece);
    if (i != 3) fill(&ways[i][1], kCases[i].piece);
  }
  // Held back by the program's own wish.
  struct direction corked;
  {
    int listener = inet_listener("127.0.0.1", 1);
    struct inet_pair pair = inet_connect_pair(listener, "127.0.0.1");
    close(listener);
    corked = (struct direction){pair.client, pair.server, 99, 3000};
    inet_set(corked.from, IPPROTO_TCP, TCP_CORK, 1);
    inet_make_bytes(bytes, 3000, 99, 0);
    EXPECT_EQ(write(corked.from, bytes, 3000), 3000);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < kCount; ++i) {
    int wanted = kCases[i].receive_buffer ? 2 * kCases[i].receive_buffer : 0;
    if (wanted) EXPECT_EQ(inet_option(ways[i][0].to, SOL_SOCKET, SO_RCVBUF), wanted);
    EXPECT_EQ(inet_option(ways[i][0].to, SOL_SOCKET, SO_RCVLOWAT), 1);
    EXPECT_EQ(inet_option(ways[i][0].from, IPPROTO_TCP, TCP_NODELAY), i == 4);
    drain(&ways[i][0]);
    drain(&ways[i][1]);
    inet_expect_works(ways[i][0].from, ways[i][0].to);
    inet_expect_works(ways[i][1].from, ways[i][1].to);
  }
  EXPECT_EQ(inet_option(corked.from, IPPROTO_TCP, TCP_CORK), 1);
  inet_set(corked.from, IPPROTO_TCP, TCP_CORK, 0);
  drain(&corked);
  return e2e_ok();
}
