// What the programs about UNIX sockets share.
#ifndef TESTS_E2E_PROGRAMS_UNIX_SOCKET_H_
#define TESTS_E2E_PROGRAMS_UNIX_SOCKET_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/e2e/programs/e2e.h"

// An abstract name of this program's own, or with a '/' in front, that path.
E2E_FN socklen_t unix_address(struct sockaddr_un* address, const char* name) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (name[0] == '/' || name[0] == '.') {
    EXPECT(strlen(name) < sizeof address->sun_path);
    strcpy(address->sun_path, name);
    return offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1;
  }
  int n = snprintf(address->sun_path + 1, sizeof address->sun_path - 1, "e2e.%d.%s", getpid(), name);
  return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

E2E_FN int unix_bound(int type, const char* name) {
  struct sockaddr_un address;
  socklen_t size = unix_address(&address, name);
  int fd = socket(AF_UNIX, type, 0);
  EXPECT(fd >= 0);
  EXPECT_EQ(bind(fd, (struct sockaddr*)&address, size), 0);
  return fd;
}

E2E_FN void unix_connect(int fd, const char* name) {
  struct sockaddr_un address;
  socklen_t size = unix_address(&address, name);
  EXPECT_EQ(connect(fd, (struct sockaddr*)&address, size), 0);
}

E2E_FN int unix_connected(int type, const char* name) {
  int fd = socket(AF_UNIX, type, 0);
  EXPECT(fd >= 0);
  unix_connect(fd, name);
  return fd;
}

// The name of the socket (or of its peer) is `name`; "" for none.
E2E_FN void unix_expect_name(int fd, int of_peer, const char* name) {
  struct sockaddr_un wanted, got;
  socklen_t wanted_size = offsetof(struct sockaddr_un, sun_path), size = sizeof got;
  if (name[0]) wanted_size = unix_address(&wanted, name);
  if (of_peer)
    EXPECT_EQ(getpeername(fd, (struct sockaddr*)&got, &size), 0);
  else
    EXPECT_EQ(getsockname(fd, (struct sockaddr*)&got, &size), 0);
  EXPECT_EQ(size, wanted_size);
  EXPECT(memcmp((char*)&got + 2, (char*)&wanted + 2, size - 2) == 0);
}

E2E_FN void unix_expect_read(int fd, const char* text) {
  char got[1 << 16];
  ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
  EXPECT_EQ(n, strlen(text));
  EXPECT(memcmp(got, text, n) == 0);
}

E2E_FN void unix_expect_nothing(int fd) {
  char got;
  errno = 0;
  EXPECT_EQ(recv(fd, &got, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);
}

E2E_FN void unix_expect_end(int fd) {
  char got;
  EXPECT_EQ(recv(fd, &got, 1, MSG_DONTWAIT), 0);
}

E2E_FN void unix_write(int fd, const char* text) {
  EXPECT_EQ(send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL), strlen(text));
}

// Whether what is written at one end comes out at the other.
E2E_FN void unix_expect_works(int from, int to) {
  unix_write(from, "ping");
  unix_expect_read(to, "ping");
}

E2E_FN int unix_events(int fd) {
  struct pollfd poller = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
  EXPECT(poll(&poller, 1, 0) >= 0);
  return poller.revents;
}

E2E_FN void unix_expect_creator(int fd, pid_t pid, uid_t uid, gid_t gid) {
  struct ucred got;
  socklen_t size = sizeof got;
  EXPECT_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &got, &size), 0);
  EXPECT_EQ(got.pid, pid);
  EXPECT_EQ(got.uid, uid);
  EXPECT_EQ(got.gid, gid);
}

// Sends text with descriptors.
E2E_FN void unix_send_fds(int socket, const char* text, const int* fds, int count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(8 * sizeof(int))];
  } control = {0};
  struct iovec piece = {(void*)text, strlen(text)};
  struct msghdr message = {0};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  struct cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(c), fds, count * sizeof(int));
  EXPECT_EQ(sendmsg(socket, &message, MSG_DONTWAIT), strlen(text));
}

// Receives at most `bytes`; returns how many descriptors came with them, and the credentials.
E2E_FN int unix_receive(int socket, char* text, size_t bytes, int* fds, struct ucred* credentials) {
  union {
    struct cmsghdr header;
    char bytes[512];
  } control;
  struct iovec piece = {text, bytes};
  struct msghdr message = {0};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  ssize_t n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  EXPECT(n >= 0);
  text[n] = 0;
  int count = 0;
  if (credentials) memset(credentials, 0xee, sizeof *credentials);
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS && credentials)
      memcpy(credentials, CMSG_DATA(c), sizeof *credentials);
    if (c->cmsg_type == SCM_RIGHTS) {
      count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    }
  }
  return count;
}

#endif  // TESTS_E2E_PROGRAMS_UNIX_SOCKET_H_
