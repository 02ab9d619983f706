// Another root directory, with the working directory in it, a file, and UNIX sockets whose names
// are paths in it.
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/e2e/programs/e2e.h"

static struct sockaddr_un name_of(const char* path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  return name;
}

static int listen_at(const char* path) {
  struct sockaddr_un name = name_of(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT(fd >= 0);
  EXPECT_EQ(bind(fd, (void*)&name, sizeof name), 0);
  EXPECT_EQ(listen(fd, 3), 0);
  return fd;
}

static void expect_answer(int listener, const char* path) {
  struct sockaddr_un name = name_of(path), bound;
  socklen_t length = sizeof bound;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(connect(fd, (void*)&name, sizeof name), 0);
  int accepted = accept(listener, NULL, NULL);
  EXPECT(accepted >= 0);
  EXPECT_EQ(getsockname(accepted, (void*)&bound, &length), 0);
  EXPECT(strcmp(bound.sun_path, path) == 0);
  close(fd);
  close(accepted);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char base[PATH_MAX], now[PATH_MAX];
  snprintf(base, sizeof base, "%s", e2e_state);
  char* slash = strrchr(base, '/');
  EXPECT(slash > base);
  *slash = 0;
  EXPECT_EQ(chdir(base), 0);
  EXPECT_EQ(mkdir("sub", 0755), 0);
  if (chroot(base) != 0) e2e_skip("needs CAP_SYS_CHROOT");
  // The harness is where it was, by another name.
  memmove(e2e_state, e2e_state + strlen(base), strlen(e2e_state + strlen(base)) + 1);
  EXPECT_EQ(chdir("/sub"), 0);
  int absolute = listen_at("/absolute.socket");
  int relative = listen_at("relative.socket");
  int file = open("/file", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  EXPECT(file >= 0);
  struct stat root_before, root_after, st;
  EXPECT_EQ(stat("/", &root_before), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(stat("/", &root_after), 0);
  EXPECT_EQ(root_after.st_ino, root_before.st_ino);
  EXPECT(getcwd(now, sizeof now) && strcmp(now, "/sub") == 0);
  EXPECT(stat("/usr", &st) != 0 && errno == ENOENT);
  EXPECT_EQ(stat("/../sub", &st), 0);
  EXPECT_EQ(write(file, "x", 1), 1);
  EXPECT(stat("/file", &st) == 0 && st.st_size == 1);
  expect_answer(absolute, "/absolute.socket");
  expect_answer(relative, "relative.socket");
  return e2e_ok();
}
