// fanotify: a group of root's, with marks on a mount and on a file system, and descriptors in its
// events.
#include <sys/fanotify.h>

#include "tests/e2e/programs/e2e.h"

// The lines about the group, as the kernel shows them.
static void read_lines(int fd, char* lines, size_t size) {
  char path[64], text[8192];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  e2e_read_file(path, text, sizeof text);
  char* at = strstr(text, "fanotify flags:");
  EXPECT(at != NULL);
  snprintf(lines, size, "%s", at);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC | FAN_UNLIMITED_MARKS,
                         O_RDWR | O_CLOEXEC);
  if (fd < 0) e2e_skip("takes CAP_SYS_ADMIN");
  char before[8192], after[8192], link[64], path[PATH_MAX] = "", wanted[PATH_MAX];
  snprintf(wanted, sizeof wanted, "%s", e2e_file("watched"));
  int file = open(wanted, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, wanted), 0);
  // What nobody does there.
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_EXEC, AT_FDCWD, "/proc"), 0);
  EXPECT_EQ(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC, AT_FDCWD, "/sys"),
            0);
  read_lines(fd, before, sizeof before);
  e2e_ready_and_wait();

  read_lines(fd, after, sizeof after);
  if (strcmp(before, after) != 0) e2e_fail("was:\n%s\nis:\n%s", before, after);
  EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  struct fanotify_event_metadata event;
  // A restore opens and closes the job's own file.
  while (read(fd, &event, sizeof event) > 0) close(event.fd);
  close(file);
  EXPECT_EQ(read(fd, &event, sizeof event), sizeof event);
  EXPECT_EQ(event.mask, FAN_CLOSE_WRITE);
  EXPECT_EQ(event.pid, getpid());
  EXPECT_EQ(fcntl(event.fd, F_GETFL) & O_ACCMODE, O_RDWR);
  snprintf(link, sizeof link, "/proc/self/fd/%d", event.fd);
  EXPECT(readlink(link, path, sizeof path - 1) > 0);
  EXPECT(strcmp(path, wanted) == 0);
  return e2e_ok();
}
