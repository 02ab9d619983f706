// oom_score_adj, coredump_filter and I/O priority.
#include "tests/e2e/programs/e2e.h"

static void put(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  EXPECT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char text[32];
  put("/proc/self/oom_score_adj", "345");
  put("/proc/self/coredump_filter", "0x57");
  EXPECT_EQ(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6), 0);
  e2e_ready_and_wait();
  e2e_read_file("/proc/self/oom_score_adj", text, sizeof text);
  EXPECT_EQ(atoi(text), 345);
  e2e_read_file("/proc/self/coredump_filter", text, sizeof text);
  EXPECT_EQ(strtol(text, NULL, 16), 0x57);
  EXPECT_EQ(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 6);
  return e2e_ok();
}
