// The job of the benchmark: holds memory that cannot be compressed and watches the clock.
//   job PROGRESS-FILE MEBIBYTES [PROCESSES THREADS]   runs until it is killed
//   job --warm MEBIBYTES                              touches that much memory once and exits
// Of so many processes each has up to ten children and some memory of its own; the threads are the
// first one's.  All but its main thread wait.
// The progress file is mapped: {rounds, largest gap in ns, set to 1 by who wants the gap cleared,
// how many processes and threads wait}.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
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

enum { kChildren = 10, kOwnBytes = 64 << 10, kStackBytes = 64 << 10 };

static volatile uint64_t* progress;

static void wait_forever(void) {
  __atomic_fetch_add(&progress[3], 1, __ATOMIC_SEQ_CST);
  for (;;) pause();
}

static void* run_thread(void* unused) {
  wait_forever();
  return unused;
}

// Makes `count` processes below the caller; returns in the caller alone.
static int make_processes(long count) {
  for (int child = 0; child < kChildren && count > 0; ++child) {
    long below = (count + kChildren - child - 1) / (kChildren - child);
    count -= below;
    pid_t pid = fork();
    if (pid < 0) return perror("fork"), -1;
    if (pid > 0) continue;
    uint64_t* own = malloc(kOwnBytes);
    if (own == NULL || make_processes(below - 1) != 0) _exit(1);
    fill(own, kOwnBytes / sizeof(*own));
    wait_forever();
  }
  return 0;
}

static int make_threads(long count) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  for (pthread_t thread; count > 0; --count) {
    if (pthread_create(&thread, &attributes, run_thread, NULL) != 0) return -1;
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) return 2;
  uint64_t bytes = strtoull(argv[2], NULL, 10) << 20;
  uint64_t* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return perror("mmap"), 1;
  fill(memory, bytes / 8);
  if (strcmp(argv[1], "--warm") == 0) return 0;
  int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate(fd, 4096) != 0) return perror(argv[1]), 1;
  progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (progress == MAP_FAILED) return perror("mmap"), 1;
  close(fd);
  if (argc == 5) {
    long processes = strtol(argv[3], NULL, 10) - 1;
    long threads = strtol(argv[4], NULL, 10) - 1;
    if (make_processes(processes) != 0 || make_threads(threads) != 0) return 1;
    while ((long)progress[3] < processes + threads) usleep(1000);
  }
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
