// POSIX record locks on a file are held again.
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static int locked_by_other(int fd, int type, off_t start) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 10};
  return fcntl(fd, F_GETLK, &lock) == 0 ? lock.l_type : -1;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("locked"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(ftruncate(fd, 1000), 0);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 50};
  EXPECT_EQ(fcntl(fd, F_SETLK, &lock), 0);
  struct flock shared = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 500, .l_len = 0};
  EXPECT_EQ(fcntl(fd, F_SETLK, &shared), 0);
  e2e_ready_and_wait();
  pid_t child = fork();  // Another process sees whether they are held.
  if (child == 0) {
    int good = locked_by_other(fd, F_RDLCK, 110) == F_WRLCK &&
               locked_by_other(fd, F_WRLCK, 160) == F_UNLCK &&
               locked_by_other(fd, F_WRLCK, 900) == F_RDLCK &&
               locked_by_other(fd, F_RDLCK, 900) == F_UNLCK;
    _exit(good ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return e2e_ok();
}
