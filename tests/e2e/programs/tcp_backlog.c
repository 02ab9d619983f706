// Connections that wait to be accepted, and one that is still being opened.
#include "tests/e2e/programs/inet.h"

enum { kWaiting = 4 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int listener = inet_listener("127.0.0.1", 8), inherited = inet_listener("::", 8), deferred = inet_listener("127.0.0.1", 8);
  inet_set(inherited, SOL_SOCKET, SO_KEEPALIVE, 1);
  inet_set(inherited, IPPROTO_TCP, TCP_KEEPIDLE, 77);
  inet_set(deferred, IPPROTO_TCP, TCP_DEFER_ACCEPT, 600);
  int waiting[kWaiting], others[2], late;
  struct inet_address names[kWaiting];
  for (int i = 0; i < kWaiting; ++i) {
    waiting[i] = inet_connected("127.0.0.1", inet_port(listener));
    names[i] = inet_name(waiting[i], 0);
    e2e_pause_ms(20);
  }
  others[0] = inet_connected("::1", inet_port(inherited));
  e2e_pause_ms(20);
  others[1] = inet_connected("127.0.0.1", inet_port(inherited));
  late = inet_connected("127.0.0.1", inet_port(deferred));
  int opening = inet_socket("127.0.0.1", SOCK_STREAM);
  fcntl(opening, F_SETFL, O_NONBLOCK);
  int full = inet_listener("127.0.0.1", 0);
  int taken[2];
  for (int i = 0; i < 2; ++i) taken[i] = inet_socket("127.0.0.1", SOCK_STREAM);
  inet_connect(taken[0], "127.0.0.1", inet_port(full));
  struct inet_address to = inet_make("127.0.0.1", inet_port(full));
  EXPECT_EQ(connect(opening, (struct sockaddr*)&to.storage, to.size), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  EXPECT_EQ(inet_tcp_state(opening), TCP_SYN_SENT);

  e2e_ready_and_wait();

  for (int i = 0; i < kWaiting; ++i) {
    int server = accept(listener, NULL, NULL);
    EXPECT(server >= 0);
    inet_expect_name(server, 1, &names[i]);
    inet_expect_works(waiting[i], server);
    inet_expect_works(server, waiting[i]);
  }
  fcntl(listener, F_SETFL, O_NONBLOCK);
  EXPECT_EQ(accept(listener, NULL, NULL), -1);
  EXPECT_EQ(errno, EAGAIN);
  for (int i = 0; i < 2; ++i) {
    int server = accept(inherited, NULL, NULL);
    EXPECT(server >= 0);
    EXPECT_EQ(inet_option(server, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(inet_option(server, IPPROTO_TCP, TCP_KEEPIDLE), 77);
    inet_expect_works(server, others[i]);
  }
  fcntl(deferred, F_SETFL, O_NONBLOCK);
  EXPECT_EQ(accept(deferred, NULL, NULL), -1);
  inet_write(late, "now");
  struct pollfd poller = {.fd = deferred, .events = POLLIN};
  EXPECT_EQ(poll(&poller, 1, 30000), 1);
  inet_expect_read(accept(deferred, NULL, NULL), "now");
  int first = accept(full, NULL, NULL);
  inet_expect_works(taken[0], first);
  // It is let in now that there is room.
  poller = (struct pollfd){.fd = opening, .events = POLLOUT};
  EXPECT_EQ(poll(&poller, 1, 60000), 1);
  EXPECT_EQ(inet_option(opening, SOL_SOCKET, SO_ERROR), 0);
  EXPECT_EQ(connect(opening, (struct sockaddr*)&to.storage, to.size), 0);
  inet_expect_works(opening, accept(full, NULL, NULL));
  return e2e_ok();
}
