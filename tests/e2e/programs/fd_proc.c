// Files of /proc about the process itself: they show the restored one.
#include "tests/e2e/programs/e2e.h"

static volatile uint64_t marker = 0x1122334455667788;

static void expect_own_maps(int fd, const void* address) {
  static char text[1 << 18];
  size_t done = 0;
  ssize_t got;
  while ((got = read(fd, text + done, sizeof text - 1 - done)) > 0) done += (size_t)got;
  for (char* line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned long low, high;
    EXPECT_EQ(sscanf(line, "%lx-%lx", &low, &high), 2);
    if ((unsigned long)address >= low && (unsigned long)address < high) return;
  }
  e2e_fail("%p is not among the mappings", address);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  int memory = open("/proc/self/mem", O_RDWR), status = open("/proc/self/status", O_RDONLY | O_NONBLOCK);
  int cmdline = open("/proc/self/cmdline", O_RDONLY), comm = open("/proc/self/comm", O_RDWR);
  char text[64] = {0};
  EXPECT(maps >= 0 && memory >= 0 && status >= 0 && cmdline >= 0 && comm >= 0);
  EXPECT_EQ(read(cmdline, text, 3), 3);
  e2e_ready_and_wait();
  uint64_t value = 0;
  EXPECT_EQ(pread(memory, &value, 8, (off_t)(uintptr_t)&marker), 8);
  EXPECT_EQ(value, 0x1122334455667788);
  value = 7;
  EXPECT_EQ(pwrite(memory, &value, 8, (off_t)(uintptr_t)&marker), 8);
  EXPECT_EQ(marker, 7);
  expect_own_maps(maps, (void*)(uintptr_t)&main);
  EXPECT_EQ(lseek(cmdline, 0, SEEK_CUR), 3);
  EXPECT(read(cmdline, text, 5) == 5 && strncmp(text, argv[0] + 3, 5) == 0);
  EXPECT_EQ(write(comm, "new name", 8), 8);
  EXPECT(prctl(PR_GET_NAME, text) == 0 && strcmp(text, "new name") == 0);
  char* all = calloc(1, 65536);
  EXPECT(read(status, all, 65535) > 0);
  char line[64];
  snprintf(line, sizeof line, "\nPid:\t%d\n", getpid());
  EXPECT(strstr(all, line) != NULL);
  EXPECT(fcntl(status, F_GETFL) & O_NONBLOCK);
  EXPECT_EQ(fcntl(maps, F_GETFD), FD_CLOEXEC);
  return e2e_ok();
}
