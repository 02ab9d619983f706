// Connections that wait to be accepted with data in them, again and again, but never for long: the snapshot has
// to come when none does.
#include <pthread.h>

#include "tests/e2e/programs/inet.h"
#include "tests/e2e/programs/unix_socket.h"

enum { kWaitsMs = 4, kRestsMs = 16 };

static volatile int ends;
static int listeners[2], port, rounds;

static int connect_to(int which) {
  return which == 0 ? unix_connected(SOCK_STREAM, "listener") : inet_connected("127.0.0.1", port);
}

static void* run(void* unused) {
  (void)unused;
  const struct linger at_once = {1, 0};
  for (; !ends; ++rounds) {
    int which = rounds % 2, client = connect_to(which);
    inet_write(client, "early");
    e2e_pause_ms(kWaitsMs);
    int server = accept(listeners[which], NULL, NULL);
    EXPECT(server >= 0);
    inet_expect_read(server, "early");
    inet_expect_works(server, client);
    // Without a port that stays taken for a minute.
    EXPECT_EQ(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(client);
    close(server);
    e2e_pause_ms(kRestsMs);
  }
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  listeners[0] = unix_bound(SOCK_STREAM, "listener");
  EXPECT_EQ(listen(listeners[0], 3), 0);
  listeners[1] = inet_listener("127.0.0.1", 3);
  port = inet_port(listeners[1]);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, run, NULL), 0);
  while (rounds < 3) e2e_pause_ms(1);
  e2e_ready_and_wait();
  int before = rounds;
  while (rounds < before + 10) e2e_pause_ms(1);
  ends = 1;
  EXPECT_EQ(pthread_join(thread, NULL), 0);
  return e2e_ok();
}
