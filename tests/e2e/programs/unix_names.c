// Names whose file was removed, renamed, replaced; relative ones; one that the kernel chose; one of
// 108 bytes; one with odd bytes.
#include "tests/e2e/programs/unix_socket.h"

static int listening(const char* name) {
  int fd = unix_bound(SOCK_STREAM, name);
  EXPECT_EQ(listen(fd, 3), 0);
  return fd;
}

static void expect_reachable(int listener, const char* at) {
  int client = unix_connected(SOCK_STREAM, at);
  int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  EXPECT(server >= 0);
  unix_expect_works(client, server);
  close(client);
  close(server);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char removed[PATH_MAX], renamed[PATH_MAX], place[PATH_MAX], replaced[PATH_MAX], dir[PATH_MAX];
  strcpy(removed, e2e_file("removed"));
  strcpy(renamed, e2e_file("renamed"));
  strcpy(place, e2e_file("place"));
  strcpy(replaced, e2e_file("replaced"));
  int first = listening(removed);
  EXPECT_EQ(unlink(removed), 0);
  int second = listening(renamed);
  EXPECT_EQ(rename(renamed, place), 0);
  int old = listening(replaced);
  int old_client = unix_connected(SOCK_STREAM, replaced), old_server = accept(old, NULL, NULL);
  unix_write(old_client, "old");
  EXPECT_EQ(unlink(replaced), 0);
  int new = listening(replaced);
  int datagrams = unix_bound(SOCK_DGRAM, e2e_file("datagrams"));
  int sender = unix_connected(SOCK_DGRAM, e2e_file("datagrams"));
  unix_write(sender, "to who has no file");
  EXPECT_EQ(unlink(e2e_file("datagrams")), 0);

  strcpy(dir, e2e_file("directory"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  EXPECT_EQ(chdir(dir), 0);
  EXPECT_EQ(mkdir("below", 0755), 0);
  int relative = listening("./relative");
  int below = listening("./below/it");
  int left = listening("./left");
  EXPECT_EQ(chdir("below"), 0);
  EXPECT_EQ(chdir(".."), 0);

  struct sockaddr_un odd = {AF_UNIX, "\0a\0b\n\xff\x80"}, chosen = {0};
  socklen_t odd_size = offsetof(struct sockaddr_un, sun_path) + 20, size = sizeof chosen;
  memcpy(odd.sun_path + 8, argv[1] + strlen(argv[1]) - 8, 8);
  snprintf(odd.sun_path + 12, 8, "%d", getpid());
  int with_odd = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(bind(with_odd, (struct sockaddr*)&odd, odd_size), 0);
  int automatic = socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_EQ(bind(automatic, (struct sockaddr*)&odd, sizeof(sa_family_t)), 0);
  EXPECT_EQ(getsockname(automatic, (struct sockaddr*)&chosen, &size), 0);
  struct sockaddr_un full = {AF_UNIX, ""};
  memset(full.sun_path, 'f', sizeof full.sun_path);
  int with_full = socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_EQ(bind(with_full, (struct sockaddr*)&full, sizeof full), 0);

  e2e_ready_and_wait();

  struct stat st;
  unix_expect_name(first, 0, removed);
  EXPECT_EQ(stat(removed, &st), -1);
  unix_expect_name(second, 0, renamed);
  EXPECT_EQ(stat(renamed, &st), -1);
  expect_reachable(second, place);
  unix_expect_name(old, 0, replaced);
  expect_reachable(new, replaced);
  unix_expect_name(old_server, 0, replaced);
  unix_expect_read(old_server, "old");
  unix_expect_works(old_server, old_client);
  unix_expect_read(datagrams, "to who has no file");
  unix_expect_name(datagrams, 0, e2e_file("datagrams"));

  unix_expect_name(relative, 0, "./relative");
  expect_reachable(relative, "./relative");
  expect_reachable(below, "./below/it");
  expect_reachable(left, "./left");

  struct sockaddr_un got;
  size = sizeof got;
  EXPECT_EQ(getsockname(with_odd, (struct sockaddr*)&got, &size), 0);
  EXPECT_EQ(size, odd_size);
  EXPECT(memcmp(&got, &odd, size) == 0);
  size = sizeof got;
  EXPECT_EQ(getsockname(automatic, (struct sockaddr*)&got, &size), 0);
  EXPECT_EQ(size, offsetof(struct sockaddr_un, sun_path) + 6);
  EXPECT(memcmp(&got, &chosen, size) == 0);
  size = sizeof got;
  EXPECT_EQ(getsockname(with_full, (struct sockaddr*)&got, &size), 0);
  EXPECT_EQ(size, sizeof got + 1);
  EXPECT(memcmp(&got, &full, sizeof got) == 0);
  char path[200] = "";
  memcpy(path, full.sun_path, sizeof full.sun_path);
  EXPECT_EQ(stat(path, &st), 0);
  return e2e_ok();
}
