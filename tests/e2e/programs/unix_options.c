// Socket options, those inherited and those forced, and signal-driven I/O.
#include "tests/e2e/programs/unix_socket.h"

static const int kOptions[] = {SO_SNDBUF,   SO_RCVBUF,    SO_PASSCRED,  SO_PASSSEC,     SO_RCVLOWAT, SO_PEEK_OFF,
                               SO_PRIORITY, SO_KEEPALIVE, SO_BROADCAST, SO_TIMESTAMPNS, SO_OOBINLINE, 72 /* SO_BUF_LOCK */};
enum { kCount = sizeof kOptions / sizeof *kOptions };

static void read_options(int fd, int* values) {
  for (int i = 0; i < kCount; ++i) {
    socklen_t size = sizeof *values;
    values[i] = -77;
    getsockopt(fd, SOL_SOCKET, kOptions[i], &values[i], &size);
  }
}

static void set(int fd, int option, int value) {
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, option, &value, sizeof value), 0);
}

static volatile sig_atomic_t signals;
static void on_signal(int signal, siginfo_t* info, void* context) {
  (void)signal, (void)info, (void)context;
  ++signals;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int pair[2], packets[2], values[4][kCount], again[kCount];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, packets), 0);
  set(pair[0], SO_SNDBUF, 8192);
  set(pair[0], SO_RCVLOWAT, 3);
  set(pair[0], SO_PRIORITY, 4);
  set(pair[1], SO_PEEK_OFF, 2);
  set(pair[1], SO_KEEPALIVE, 1);
  set(packets[0], SO_PASSSEC, 1);
  set(packets[0], SO_TIMESTAMPNS, 1);
  set(packets[1], SO_BROADCAST, 1);
  int forced = 64 << 20;
  setsockopt(packets[1], SOL_SOCKET, SO_SNDBUFFORCE, &forced, sizeof forced);  // Root may.
  struct timeval receive_timeout = {1, 250000}, send_timeout = {7, 0}, got_time;
  EXPECT_EQ(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &receive_timeout, sizeof receive_timeout), 0);
  EXPECT_EQ(setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout), 0);
  socklen_t size = sizeof receive_timeout;  // As the kernel rounds it.
  EXPECT_EQ(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &receive_timeout, &size), 0);
  struct linger linger = {1, 9};
  EXPECT_EQ(setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
  unix_write(pair[0], "peek at me");
  // Only every datagram that begins with 'k' is let in.
  struct {
    uint16_t code;
    uint8_t if_true, if_false;
    uint32_t k;
  } code[] = {{0x30, 0, 0, 0}, {0x15, 0, 1, 'k'}, {0x06, 0, 0, 0xffff}, {0x06, 0, 0, 0}};
  struct {
    unsigned short count;
    void* code;
  } program = {4, code};  // linux/filter.h, which not every C library finds.
  unix_write(packets[0], "before the filter");
  EXPECT_EQ(setsockopt(packets[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);

  struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_signal};
  EXPECT_EQ(sigaction(SIGRTMIN + 2, &action, NULL), 0);
  int async[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, async), 0);
  EXPECT_EQ(fcntl(async[0], F_SETOWN, getpid()), 0);
  EXPECT_EQ(fcntl(async[0], F_SETSIG, SIGRTMIN + 2), 0);
  EXPECT_EQ(fcntl(async[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
  int fds[] = {pair[0], pair[1], packets[0], packets[1]};
  for (int i = 0; i < 4; ++i) read_options(fds[i], values[i]);

  e2e_ready_and_wait();

  for (int i = 0; i < 4; ++i) {
    read_options(fds[i], again);
    for (int k = 0; k < kCount; ++k)
      if (again[k] != values[i][k])
        e2e_fail("option %d of socket %d is %d, not %d", kOptions[k], i, again[k], values[i][k]);
  }
  size = sizeof got_time;
  EXPECT_EQ(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &got_time, &size), 0);
  EXPECT(memcmp(&got_time, &receive_timeout, sizeof got_time) == 0);
  EXPECT_EQ(getsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &got_time, &size), 0);
  EXPECT(memcmp(&got_time, &send_timeout, sizeof got_time) == 0);
  struct linger got_linger;
  size = sizeof got_linger;
  EXPECT_EQ(getsockopt(pair[1], SOL_SOCKET, SO_LINGER, &got_linger, &size), 0);
  EXPECT(memcmp(&got_linger, &linger, sizeof linger) == 0);
  char got[16] = "";
  EXPECT_EQ(recv(pair[1], got, 3, MSG_PEEK), 3);
  EXPECT(strcmp(got, "ek ") == 0);
  unix_expect_read(packets[1], "before the filter");
  unix_write(packets[0], "dropped");
  unix_expect_nothing(packets[1]);
  unix_expect_works(packets[1], packets[0]);
  unix_write(packets[0], "kept");
  unix_expect_read(packets[1], "kept");
  EXPECT_EQ(signals, 0);
  unix_write(async[1], "signal");
  EXPECT_EQ(signals, 1);
  return e2e_ok();
}
