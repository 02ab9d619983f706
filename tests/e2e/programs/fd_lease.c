// Leases: a read lease and a write lease are held, unbroken by the snapshot; whoever breaks one is noticed.
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static volatile sig_atomic_t signals, signalled_fd;

static void on_signal(int number, siginfo_t* info, void* context) {
  (void)number, (void)context;
  ++signals;
  signalled_fd = info->si_fd;
}

static int count_leases(const char* what) {
  char text[65536], wanted[64];
  int count = 0;
  snprintf(wanted, sizeof wanted, " %d ", getpid());
  e2e_read_file("/proc/locks", text, sizeof text);
  for (char* line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
    count += strstr(line, "LEASE") && strstr(line, what) && strstr(line, wanted);
  return count;
}

// Another process opens the file, which has to wait until the lease is given up.
static void expect_break(int fd, const char* path, int flags) {
  int before = signals;
  pid_t child = fork();
  if (child == 0) _exit(open(path, flags) >= 0 ? 0 : 1);
  while (signals == before) e2e_pause_ms(1);
  EXPECT_EQ(signalled_fd, fd);
  EXPECT_EQ(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
  int status = -1;
  pid_t ended;
  while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  EXPECT_EQ(ended, child);
  EXPECT_EQ(status, 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
  EXPECT_EQ(sigaction(SIGRTMIN + 3, &action, NULL), 0);
  for (int i = 0; i < 2; ++i) {
    int made = open(e2e_file(i ? "write" : "read"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    EXPECT(made >= 0);
    close(made);
  }
  int reader = open(e2e_file("read"), O_RDONLY);
  int writer = open(e2e_file("write"), O_RDWR);
  int other = dup(writer);
  EXPECT_EQ(fcntl(reader, F_SETSIG, SIGRTMIN + 3), 0);
  EXPECT_EQ(fcntl(writer, F_SETSIG, SIGRTMIN + 3), 0);
  if (fcntl(reader, F_SETLEASE, F_RDLCK) != 0) e2e_skip("this file system has no leases");
  EXPECT_EQ(fcntl(writer, F_SETLEASE, F_WRLCK), 0);
  struct f_owner_ex owner;
  e2e_ready_and_wait();
  EXPECT_EQ(signals, 0);
  EXPECT_EQ(fcntl(reader, F_GETLEASE), F_RDLCK);
  EXPECT_EQ(fcntl(other, F_GETLEASE), F_WRLCK);
  EXPECT_EQ(count_leases("READ"), 1);
  EXPECT_EQ(count_leases("WRITE"), 1);
  EXPECT_EQ(fcntl(reader, F_GETOWN_EX, &owner), 0);
  EXPECT_EQ(owner.pid, getpid());
  expect_break(reader, e2e_file("read"), O_WRONLY);
  expect_break(writer, e2e_file("write"), O_RDONLY);
  EXPECT_EQ(signals, 2);
  return e2e_ok();
}
