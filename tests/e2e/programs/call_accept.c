// accept on a listening socket that nobody has connected to waits for who does, over TCP and over a
// UNIX socket; so does accept with a timeout of the socket's own, which a restart would begin anew.
#include <netinet/in.h>
#include <sys/un.h>

#include "tests/e2e/programs/timed_call.h"

static int listeners[3], clients[3];
static struct sockaddr_in inet_name;
static struct sockaddr_un unix_name;
static socklen_t unix_length = sizeof unix_name;

static void accept_one(int listener) {
  int fd = accept(listener, NULL, NULL);
  EXPECT(fd >= 0);
  char byte = 0;
  EXPECT_EQ(read(fd, &byte, 1), 1);
  EXPECT_EQ(byte, 'a');
  close(fd);
}

static void* accept_unix(void* unused) {
  accept_one(listeners[1]);
  return unused;
}

static void* accept_in_time(void* unused) {
  accept_one(listeners[2]);
  return unused;
}

static void call(void) {
  pthread_t others[2];
  EXPECT_EQ(pthread_create(&others[0], NULL, accept_unix, NULL), 0);
  EXPECT_EQ(pthread_create(&others[1], NULL, accept_in_time, NULL), 0);
  accept_one(listeners[0]);
  for (int i = 0; i < 2; i++) EXPECT_EQ(pthread_join(others[i], NULL), 0);
}

static void wake(void) {
  for (int i = 0; i < 3; i++) {
    const int is_unix = i == 1;
    struct sockaddr_in port;
    socklen_t length = sizeof port;
    EXPECT_EQ(getsockname(listeners[i], is_unix ? (void*)&unix_name : (void*)&port,
                          is_unix ? &unix_length : &length),
              0);
    clients[i] = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(clients[i] >= 0);
    EXPECT_EQ(connect(clients[i], is_unix ? (void*)&unix_name : (void*)&port,
                      is_unix ? unix_length : length),
              0);
    EXPECT_EQ(write(clients[i], "a", 1), 1);
  }
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  inet_name.sin_family = AF_INET;
  inet_name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 3; i++) {
    const int is_unix = i == 1;
    listeners[i] = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(listeners[i] >= 0);
    unix_name.sun_family = AF_UNIX;
    EXPECT_EQ(bind(listeners[i], is_unix ? (void*)&unix_name : (void*)&inet_name,
                   is_unix ? sizeof(sa_family_t) : sizeof inet_name),
              0);
    EXPECT_EQ(listen(listeners[i], 4), 0);
  }
  struct timeval timeout = {.tv_sec = 3600};
  EXPECT_EQ(setsockopt(listeners[2], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
  woken_call(call, wake);
  return e2e_ok();
}
