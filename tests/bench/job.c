// The job of the benchmark: holds memory that cannot be compressed and watches the clock.
//   job PROGRESS-FILE MEBIBYTES      runs until it is killed
//   job --warm MEBIBYTES             touches that much memory once and exits
// The progress file is mapped: {rounds, largest gap in ns, set to 1 by who wants the gap cleared}.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void fill(uint64_t* memory, uint64_t words) {
  uint64_t x = 0x9e3779b97f4a7c15u;
  for (uint64_t i = 0; i < words; ++i) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    memory[i] = x;
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  uint64_t bytes = strtoull(argv[2], NULL, 10) << 20;
  uint64_t* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return perror("mmap"), 1;
  fill(memory, bytes / 8);
  if (strcmp(argv[1], "--warm") == 0) return 0;
  int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate(fd, 4096) != 0) return perror(argv[1]), 1;
  volatile uint64_t* progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (progress == MAP_FAILED) return perror("mmap"), 1;
  close(fd);
  for (uint64_t last = now_ns();; ++progress[0]) {
    uint64_t now = now_ns();
    if (progress[2]) {
      progress[2] = 0;
      progress[1] = 0;
    } else if (now - last > progress[1]) {
      progress[1] = now - last;
    }
    last = now;
  }
}
