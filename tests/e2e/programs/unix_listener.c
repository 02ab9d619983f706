// Listeners with an abstract name and with a path, connections through them, and who waits.
#include "tests/e2e/programs/unix_socket.h"

static int accepted(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  EXPECT(fd >= 0);
  return fd;
}

static void check_connection(int client, int server, const char* name) {
  unix_expect_name(server, 0, name);
  unix_expect_name(client, 1, name);
  unix_expect_read(server, "request");
  unix_expect_read(client, "answer");
  unix_expect_works(client, server);
  unix_expect_works(server, client);
  unix_expect_creator(client, getpid(), geteuid(), getegid());
  unix_expect_creator(server, getpid(), geteuid(), getegid());
}

static void talk(int client, int server) {
  unix_write(client, "request");
  unix_write(server, "answer");
}

static void check_listener(int listener, const int* waiting, int type, const char* name) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &size), 0);
  EXPECT_EQ(value, 1);
  unix_expect_name(listener, 0, name);
  for (int i = 0; i < 3; ++i) {
    int server = accepted(listener);
    unix_expect_works(waiting[i], server);
    unix_expect_works(server, waiting[i]);
    unix_expect_creator(waiting[i], getpid(), geteuid(), getegid());
    unix_expect_creator(server, getpid(), geteuid(), getegid());
    close(server);
  }
  EXPECT_EQ(accept4(listener, NULL, NULL, SOCK_NONBLOCK), -1);
  EXPECT_EQ(errno, EAGAIN);
  int late = unix_connected(type, name);
  int server = accepted(listener);
  unix_expect_works(late, server);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};
  char names[4][108];
  int listeners[4], clients[4], servers[4], waiting[4][3], own_name[2][2];
  for (int i = 0; i < 4; ++i) {
    if (i < 2)
      snprintf(names[i], sizeof names[i], "listener%d", i);
    else
      snprintf(names[i], sizeof names[i], "%s", e2e_file(i == 2 ? "stream" : "packets"));
    listeners[i] = unix_bound(types[i % 2], names[i]);
    fcntl(listeners[i], F_SETFL, O_NONBLOCK);
    EXPECT_EQ(listen(listeners[i], 4), 0);
    if (i >= 2) EXPECT_EQ(chmod(names[i], 0640), 0);
    clients[i] = unix_connected(types[i % 2], names[i]);
    servers[i] = accepted(listeners[i]);
    talk(clients[i], servers[i]);
    for (int w = 0; w < 3; ++w) waiting[i][w] = unix_connected(types[i % 2], names[i]);
  }
  // Clients with names of their own.
  own_name[0][0] = unix_bound(SOCK_STREAM, "client");
  own_name[1][0] = unix_bound(SOCK_STREAM, e2e_file("client"));
  // A listener that is gone: only what was accepted has its name.
  int gone = unix_bound(SOCK_STREAM, "gone");
  EXPECT_EQ(listen(gone, 1), 0);
  int left = unix_connected(SOCK_STREAM, "gone");
  int right = accepted(gone);
  close(gone);
  talk(left, right);

  // They come first in the backlog's turn, so they are accepted before anything waits.
  int helper = unix_bound(SOCK_STREAM, "helper");
  EXPECT_EQ(listen(helper, 4), 0);
  for (int i = 0; i < 2; ++i) {
    unix_connect(own_name[i][0], "helper");
    own_name[i][1] = accepted(helper);
    talk(own_name[i][0], own_name[i][1]);
  }

  e2e_ready_and_wait();

  for (int i = 0; i < 4; ++i) {
    check_connection(clients[i], servers[i], names[i]);
    unix_expect_name(clients[i], 0, "");
    check_listener(listeners[i], waiting[i], types[i % 2], names[i]);
    struct stat st;
    if (i >= 2) EXPECT_EQ(stat(names[i], &st), 0);
    if (i >= 2) EXPECT_EQ(st.st_mode & 07777, 0640);
  }
  for (int i = 0; i < 2; ++i) {
    check_connection(own_name[i][0], own_name[i][1], "helper");
    unix_expect_name(own_name[i][1], 1, i ? e2e_file("client") : "client");
  }
  check_connection(left, right, "gone");
  int again = unix_bound(SOCK_STREAM, "gone");  // The name is free.
  close(again);
  return e2e_ok();
}
