// The same as busy.c for a tree: processes that compute, sleep, talk through pipes, lock each other out
// and make children, all the time.  Each counts in STATEFILE.progress, the parent of all in the last
// place.
#include <pthread.h>
#include <sched.h>

#include "tests/e2e/programs/tree.h"

enum { kPerKind = 2, kKinds = 5, kProcesses = kPerKind * kKinds, kWords = 32768 };

static volatile uint64_t* progress;
static struct {
  pthread_mutex_t mutex;
  uint64_t inside, entered;
}* shared;
static int ping[2], pong[2];

// Writes an area of memory and checks what the round before left there.
static void compute(int id) {
  uint64_t* area = malloc(kWords * 8);
  for (uint64_t round = 0; !e2e_go_exists(); ++round, ++progress[id])
    for (uint64_t i = 0; i < kWords; ++i) {
      if (round) EXPECT_EQ(area[i], (round - 1) * i + id);
      area[i] = round * i + id;
    }
}

static void rest(int id) {
  for (; !e2e_go_exists(); ++progress[id]) {
    long long begin = e2e_now_ms();
    struct timespec ts = {0, 7000000};
    EXPECT_EQ(nanosleep(&ts, NULL), 0);
    EXPECT(e2e_now_ms() - begin >= 6);
  }
}

// The first asks the second, who ends when nobody asks any more.
static void talk(int id) {
  uint64_t value;
  if (id % kPerKind == 1) {
    close(ping[1]);
    for (; read(ping[0], &value, 8) == 8; ++progress[id]) {
      value = ~value;
      EXPECT_EQ(write(pong[1], &value, 8), 8);
    }
    return;
  }
  for (uint64_t round = 0; !e2e_go_exists(); ++round, ++progress[id]) {
    EXPECT_EQ(write(ping[1], &round, 8), 8);
    EXPECT_EQ(read(pong[0], &value, 8), 8);
    EXPECT_EQ(value, ~round);
  }
}

static void lock(int id) {
  for (; !e2e_go_exists(); ++progress[id]) {
    EXPECT_EQ(pthread_mutex_lock(&shared->mutex), 0);
    EXPECT_EQ(shared->inside, 0);
    shared->inside = 1;
    ++shared->entered;
    for (volatile int i = 0; i < 2000; ++i) {
    }
    shared->inside = 0;
    EXPECT_EQ(pthread_mutex_unlock(&shared->mutex), 0);
    sched_yield();
  }
}

static void make(int id) {
  for (uint64_t round = 0; !e2e_go_exists(); ++round, ++progress[id]) {
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
      e2e_pause_ms(1);
      _exit(10 + round % 100);
    }
    int status = tree_wait(child);
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 10 + round % 100);
  }
}

static void live(long id) {
  static void (*const work[kKinds])(int) = {compute, rest, talk, lock, make};
  if (id / kPerKind != 2) close(ping[1]);
  work[id / kPerKind]((int)id);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  int fd = open(e2e_file("progress"), O_RDWR | O_CREAT | O_TRUNC, 0644);
  EXPECT_EQ(ftruncate(fd, 4096), 0);
  progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  shared = tree_memory(4096);
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  EXPECT_EQ(pthread_mutex_init(&shared->mutex, &attr), 0);
  EXPECT(pipe(ping) == 0 && pipe(pong) == 0);
  pid_t children[kProcesses];
  for (long i = 0; i < kProcesses; ++i) children[i] = tree_fork(live, i);
  close(ping[1]);
  e2e_ready();
  while (!e2e_go_exists()) {
    e2e_pause_ms(2);
    ++progress[kProcesses];
  }
  for (int i = 0; i < kProcesses; ++i) tree_reap(children[i]);
  EXPECT_EQ(shared->entered, progress[6] + progress[7]);
  return e2e_ok();
}
