// SO_PASSCRED and SCM_CREDENTIALS of unread data; bytes of different senders stay apart.
#include <sys/wait.h>

#include "tests/e2e/programs/unix_socket.h"

static void pass(int fd) {
  int on = 1;
  EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
}

static void expect(int fd, const char* text, int pid, int uid) {
  char got[64];
  int fds[8];
  struct ucred who;
  EXPECT_EQ(unix_receive(fd, got, sizeof got, fds, &who), 0);
  EXPECT(strcmp(got, text) == 0);
  EXPECT_EQ(who.pid, pid);
  EXPECT_EQ(who.uid, uid);
}

// Writes from a process that is gone when this returns: its pid.
static int write_from_child(int fd, const char* text, int pair[2]) {
  int child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setresuid(1234, 1234, 1234) != 0) _exit(1);
    if (fd >= 0 && send(fd, text, strlen(text), 0) < 0) _exit(2);
    _exit(0);
  }
  int status;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  (void)pair;
  return child;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int stream[2], packets[2];
  int me = getpid(), uid = geteuid(), their_uid = uid == 0 ? 1234 : uid;
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
  pass(stream[1]);
  pass(packets[1]);
  unix_write(stream[0], "mine, ");
  unix_write(stream[0], "and mine");
  int first = write_from_child(stream[0], "a child's", NULL);
  unix_write(stream[0], "mine again");
  unix_write(packets[0], "packet");
  int second = write_from_child(packets[0], "child's packet", NULL);

  // Pairs and connections made by others: SO_PEERCRED tells.
  int listener = unix_bound(SOCK_STREAM, "listener");
  EXPECT_EQ(listen(listener, 3), 0);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  int child = fork();
  if (child == 0) {
    if (uid == 0 && setresuid(1234, 1234, 1234) != 0) _exit(1);
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int n = snprintf(address.sun_path + 1, 100, "e2e.%d.listener", me);
    _exit(connect(client, (struct sockaddr*)&address, offsetof(struct sockaddr_un, sun_path) + 1 + n));
  }
  int status;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  int server = accept(listener, NULL, NULL);
  EXPECT(server >= 0);
  struct ucred at_server, at_client;
  socklen_t size = sizeof at_server;
  EXPECT_EQ(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &at_server, &size), 0);
  EXPECT_EQ(at_server.pid, child);
  EXPECT_EQ(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &at_client, &size), 0);

  e2e_ready_and_wait();

  expect(stream[1], "mine, and mine", me, uid);
  expect(stream[1], "a child's", first, their_uid);
  expect(stream[1], "mine again", me, uid);
  expect(packets[1], "packet", me, uid);
  expect(packets[1], "child's packet", second, their_uid);
  unix_write(stream[0], "after");
  expect(stream[1], "after", me, uid);
  unix_expect_creator(server, at_server.pid, at_server.uid, at_server.gid);
  unix_expect_creator(client, at_client.pid, at_client.uid, at_client.gid);
  unix_expect_creator(listener, me, uid, getegid());
  unix_expect_works(client, server);
  return e2e_ok();
}
