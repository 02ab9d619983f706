// A file without a name and without a descriptor is one piece of memory for all who have it mapped,
// as the semaphores of sem_open(3) after sem_unlink(3) are.
#include <semaphore.h>

#include "tests/e2e/programs/tree.h"

enum { kPages = 5, kChildren = 3, kRounds = 200 };

struct Shared {
  sem_t lock;
  long count;
  long done[kChildren];
};

static char* area;
static struct Shared* shared;

static void child_main(long number) {
  tree_set_up_and_wait();
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ(sem_wait(&shared->lock), 0);
    long before = shared->count;
    if (i % 50 == 0) e2e_pause_ms(1);
    shared->count = before + 1;
    EXPECT_EQ(sem_post(&shared->lock), 0);
  }
  shared->done[number] = getpid();
  e2e_check_fill(area + 2 * 4096, 4096, 7);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  int fd = open(e2e_file("nameless"), O_RDWR | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(ftruncate(fd, kPages * 4096), 0);
  EXPECT_EQ(unlink(e2e_file("nameless")), 0);
  area = mmap(NULL, kPages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  EXPECT(area != MAP_FAILED);
  close(fd);
  shared = (struct Shared*)area;
  e2e_fill(area + 2 * 4096, 4096, 7);
  EXPECT_EQ(sem_init(&shared->lock, 1, 0), 0);
  pid_t children[kChildren];
  for (int i = 0; i < kChildren; ++i) children[i] = tree_fork(child_main, i);
  tree_ready_and_wait(kChildren);
  EXPECT_EQ(sem_post(&shared->lock), 0);
  for (int i = 0; i < kChildren; ++i) {
    tree_reap(children[i]);
    EXPECT_EQ(shared->done[i], children[i]);
  }
  EXPECT_EQ(shared->count, kChildren * kRounds);
  return e2e_ok();
}
