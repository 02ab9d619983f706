// Many senders to one datagram socket, connected one way, with and without names, dead and alive.
#include "tests/e2e/programs/unix_socket.h"

static void send_to(int fd, const char* name, const char* text) {
  struct sockaddr_un address;
  socklen_t size = unix_address(&address, name);
  EXPECT_EQ(sendto(fd, text, strlen(text), MSG_DONTWAIT, (struct sockaddr*)&address, size),
            strlen(text));
}

// The next message is `text`, from who has that name ("" for none).
static void expect_from(int fd, const char* text, const char* name) {
  struct sockaddr_un from = {0}, wanted;
  socklen_t size = sizeof from, wanted_size = name[0] ? unix_address(&wanted, name) : 0;
  char got[64];
  EXPECT_EQ(recvfrom(fd, got, sizeof got, MSG_DONTWAIT, (struct sockaddr*)&from, &size),
            strlen(text));
  EXPECT(memcmp(got, text, strlen(text)) == 0);
  EXPECT_EQ(size, wanted_size);
  if (size) EXPECT(memcmp(&from, &wanted, size) == 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const char* path = e2e_file("server");
  int server = unix_bound(SOCK_DGRAM, path);
  int abstract = unix_bound(SOCK_DGRAM, "server");
  int nameless = unix_connected(SOCK_DGRAM, path);
  int named = unix_bound(SOCK_DGRAM, "sender");
  unix_connect(named, path);
  int dead = unix_bound(SOCK_DGRAM, "dead");
  int dead_path = unix_bound(SOCK_DGRAM, e2e_file("dead"));
  unix_write(nameless, "one");
  unix_write(named, "two");
  send_to(dead, path, "three");
  send_to(dead_path, path, "four");
  send_to(server, path, "five");
  close(dead);
  close(dead_path);
  send_to(named, "server", "to the other");

  // A chain, each connected to the next one only; and two that have each other by name.
  int chain[3] = {unix_bound(SOCK_DGRAM, "a"), unix_bound(SOCK_DGRAM, "b"), unix_bound(SOCK_DGRAM, "c")};
  unix_connect(chain[0], "b");
  unix_connect(chain[1], "c");
  int mutual[2] = {unix_bound(SOCK_DGRAM, "m"), unix_bound(SOCK_DGRAM, "n")};
  unix_connect(mutual[0], "n");
  unix_connect(mutual[1], "m");
  unix_write(mutual[0], "mutual");

  // Connected to somebody who is gone, by name and as a pair.
  int gone = unix_bound(SOCK_DGRAM, "gone"), to_gone = unix_connected(SOCK_DGRAM, "gone");
  close(gone);
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  unix_write(pair[1], "left behind");
  close(pair[1]);
  int unbound = socket(AF_UNIX, SOCK_DGRAM, 0);
  int shut = unix_bound(SOCK_DGRAM, "shut");
  send_to(unbound, "shut", "before");
  EXPECT_EQ(shutdown(shut, SHUT_RD), 0);
  int events = unix_events(shut);
  struct ucred none;
  socklen_t size = sizeof none;
  EXPECT_EQ(getsockopt(mutual[0], SOL_SOCKET, SO_PEERCRED, &none, &size), 0);

  e2e_ready_and_wait();

  expect_from(server, "one", "");
  expect_from(server, "two", "sender");
  expect_from(server, "three", "dead");
  expect_from(server, "four", e2e_file("dead"));
  expect_from(server, "five", path);
  unix_expect_nothing(server);
  expect_from(abstract, "to the other", "sender");
  unix_write(named, "again");
  expect_from(server, "again", "sender");
  unix_expect_name(nameless, 1, path);

  EXPECT_EQ(send(chain[0], "to b", 4, 0), -1);  // Who is connected to somebody else.
  EXPECT_EQ(errno, EPERM);
  unix_write(chain[1], "to c");
  expect_from(chain[2], "to c", "b");
  unix_expect_name(chain[0], 1, "b");
  expect_from(mutual[1], "mutual", "m");
  unix_expect_works(mutual[1], mutual[0]);
  unix_expect_creator(mutual[0], none.pid, none.uid, none.gid);

  unix_expect_name(to_gone, 1, "gone");
  EXPECT_EQ(send(to_gone, "x", 1, 0), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  unix_expect_read(pair[0], "left behind");
  EXPECT_EQ(send(pair[0], "x", 1, 0), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  send_to(unbound, "server", "works");
  expect_from(abstract, "works", "");
  unix_expect_name(shut, 0, "shut");
  EXPECT_EQ(unix_events(shut), events);
  unix_expect_read(shut, "before");
  EXPECT(recv(shut, &none, 1, 0) == 0);  // Does not wait: no more is to come.
  return e2e_ok();
}
