// inotify: events that nobody has read yet, of all sorts, in their order, and new ones after them.
#include <sys/inotify.h>

#include "tests/e2e/programs/e2e.h"

struct seen {
  int wd;
  uint32_t mask, cookie;
  char name[256];
};

static int fd, at;
static struct seen got[64];

static void expect(int wd, uint32_t mask, const char* name) {
  EXPECT_EQ(got[at].wd, wd);
  EXPECT_EQ(got[at].mask, mask);
  EXPECT(strcmp(got[at].name, name) == 0);
  EXPECT((got[at].cookie != 0) == ((mask & IN_MOVE) != 0));
  ++at;
}

static int read_all(void) {
  static char buffer[65536] __attribute__((aligned(8)));
  int count = 0;
  ssize_t n = read(fd, buffer, sizeof buffer);
  for (ssize_t i = 0; i < n; ++count) {
    struct inotify_event* event = (struct inotify_event*)(buffer + i);
    got[count] = (struct seen){.wd = event->wd, .mask = event->mask, .cookie = event->cookie};
    if (event->len) strcpy(got[count].name, event->name);
    i += sizeof *event + event->len;
  }
  return count;
}

static void touch(const char* dir, const char* name) {
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  EXPECT(file >= 0);
  close(file);
}

static void move(const char* from_dir, const char* from, const char* to_dir, const char* to) {
  char old[2 * PATH_MAX], new[2 * PATH_MAX];
  snprintf(old, sizeof old, "%s/%s", from_dir, from);
  snprintf(new, sizeof new, "%s/%s", to_dir, to);
  EXPECT_EQ(rename(old, new), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], other[PATH_MAX], gone[PATH_MAX], kept[PATH_MAX], path[2 * PATH_MAX];
  snprintf(dir, sizeof dir, "%s", e2e_file("dir"));
  snprintf(other, sizeof other, "%s", e2e_file("other"));
  snprintf(gone, sizeof gone, "%s", e2e_file("gone"));
  snprintf(kept, sizeof kept, "%s", e2e_file("kept"));
  EXPECT_EQ(mkdir(dir, 0755) | mkdir(other, 0755) | mkdir(gone, 0755), 0);
  int made = open(kept, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  EXPECT(made >= 0);
  close(made);
  fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  EXPECT_EQ(inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE | IN_OPEN), 1);
  EXPECT_EQ(inotify_add_watch(fd, other, IN_MOVE | IN_ONLYDIR), 2);
  EXPECT_EQ(inotify_add_watch(fd, gone, IN_ALL_EVENTS), 3);
  EXPECT_EQ(inotify_add_watch(fd, kept, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF), 4);
  EXPECT_EQ(inotify_add_watch(fd, "/", IN_DELETE_SELF), 5);

  touch(dir, "first");
  snprintf(path, sizeof path, "%s/sub", dir);
  EXPECT_EQ(mkdir(path, 0700), 0);
  move(dir, "first", other, "second");
  move(dir, "sub", dir, "a directory with a rather long name, which takes room");
  EXPECT_EQ(rmdir(gone), 0);
  EXPECT_EQ(inotify_rm_watch(fd, 5), 0);
  EXPECT_EQ(truncate(kept, 100), 0);
  EXPECT_EQ(chmod(kept, 0640), 0);
  e2e_ready_and_wait();

  touch(other, "quiet");
  EXPECT_EQ(truncate(kept, 10), 0);
  EXPECT_EQ(inotify_add_watch(fd, "/", IN_DELETE_SELF), 6);
  int count = read_all();
  expect(1, IN_CREATE, "first");
  expect(1, IN_OPEN, "first");
  expect(1, IN_CLOSE_WRITE, "first");
  expect(1, IN_CREATE | IN_ISDIR, "sub");
  expect(1, IN_MOVED_FROM, "first");
  expect(2, IN_MOVED_TO, "second");
  EXPECT_EQ(got[at - 1].cookie, got[at - 2].cookie);
  expect(1, IN_MOVED_FROM | IN_ISDIR, "sub");
  expect(1, IN_MOVED_TO | IN_ISDIR, "a directory with a rather long name, which takes room");
  EXPECT_EQ(got[at - 1].cookie, got[at - 2].cookie);
  EXPECT(got[at - 1].cookie != got[at - 3].cookie);
  expect(3, IN_DELETE_SELF, "");
  expect(3, IN_IGNORED, "");
  expect(5, IN_IGNORED, "");
  expect(4, IN_MODIFY, "");
  expect(4, IN_ATTRIB, "");
  expect(4, IN_MODIFY, "");
  EXPECT_EQ(at, count);
  return e2e_ok();
}
