// inotify: what a restore itself does to watched files is not reported.
#include <sys/inotify.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char binary[PATH_MAX] = "", dir[PATH_MAX];
  EXPECT(readlink("/proc/self/exe", binary, sizeof binary - 1) > 0);
  snprintf(dir, sizeof dir, "%s", e2e_file("dir"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  int file = open(e2e_file("dir/file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  EXPECT(file >= 0);
  EXPECT_EQ(write(file, "text", 4), 4);
  char* mapped = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  EXPECT(mapped != MAP_FAILED);
  EXPECT_EQ(mapped[0], 't');
  EXPECT_EQ(chdir(dir), 0);
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  EXPECT_EQ(inotify_add_watch(fd, binary, IN_ALL_EVENTS), 1);
  EXPECT_EQ(inotify_add_watch(fd, e2e_file("dir/file"), IN_ALL_EVENTS), 2);
  EXPECT_EQ(inotify_add_watch(fd, dir, IN_ALL_EVENTS), 3);
  e2e_ready_and_wait();
  struct inotify_event event;
  if (e2e_snapshots() > 0 && e2e_restarted_after(0)) {
    char text[4096] __attribute__((aligned(8)));
    ssize_t n = read(fd, text, sizeof text);
    if (n >= 0) {
      memcpy(&event, text, sizeof event);
      e2e_fail("the restore is reported: watch %d, mask %#x, %zd bytes", event.wd, event.mask, n);
    }
    EXPECT_EQ(errno, EAGAIN);
  }
  return e2e_ok();
}
