// Files of /proc about other processes of the tree.
#include "tests/e2e/programs/tree.h"

static long marker;  // Each has its own.

static int open_of(pid_t pid, const char* entry) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, entry);
  int fd = open(path, O_RDONLY);
  EXPECT(fd >= 0);
  return fd;
}

static void expect_marker(int memory, long value) {
  long seen = 0;
  EXPECT_EQ(pread(memory, &seen, sizeof seen, (off_t)(uintptr_t)&marker), sizeof seen);
  EXPECT_EQ(seen, value);
}

static void body(long parent) {
  marker = 22;
  int memory = open_of((pid_t)parent, "mem");
  tree_set_up_and_wait();
  expect_marker(memory, 11);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  marker = 11;
  pid_t child = tree_fork(body, getpid());
  tree_await(1);
  int memory = open_of(child, "mem"), stat = open_of(child, "stat");
  e2e_ready_and_wait();
  tree_reap(child);
  char text[512];
  // Its memory went with it.
  EXPECT_EQ(pread(memory, text, 8, (off_t)(uintptr_t)&marker), 0);
  EXPECT(read(stat, text, sizeof text) == -1 && errno == ESRCH);
  return e2e_ok();
}
