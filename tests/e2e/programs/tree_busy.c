// A tree that makes and buries processes all the time: whenever it is looked at, every child that was
// made is alive, a zombie, or waited for; sums kept in shared memory and in pipes agree.
#include "tests/e2e/programs/tree.h"

enum { kMakers = 4 };

static struct {
  volatile long made[kMakers], ended[kMakers], reaped[kMakers];
}* shared;

// Makes children, two at a time, of which one makes another; each writes a number that must come.
static void make(long maker) {
  int words[2];
  EXPECT_EQ(pipe(words), 0);
  tree_set_up();
  for (long round = 0; !e2e_go_exists() || round < 3; ++round) {
    pid_t children[2];
    for (int i = 0; i < 2; ++i) {
      ++shared->made[maker];
      children[i] = fork();
      EXPECT(children[i] >= 0);
      if (children[i] == 0) {
        if (i == 1) {
          pid_t grandchild = fork();
          if (grandchild == 0) _exit(5);
          EXPECT_EQ(WEXITSTATUS(tree_wait(grandchild)), 5);
        }
        long word = round * 2 + i;
        EXPECT_EQ(write(words[1], &word, sizeof word), sizeof word);
        __atomic_add_fetch(&shared->ended[maker], 1, __ATOMIC_SEQ_CST);
        _exit(10 + i);
      }
    }
    long sum = 0;
    for (int i = 0; i < 2; ++i) {
      long word = -1;
      EXPECT_EQ(read(words[0], &word, sizeof word), sizeof word);
      sum += word;
    }
    EXPECT_EQ(sum, round * 4 + 1);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(WEXITSTATUS(tree_wait(children[i])), 10 + i);
      ++shared->reaped[maker];
    }
    EXPECT_EQ(shared->made[maker], shared->reaped[maker]);
    EXPECT_EQ(shared->made[maker], shared->ended[maker]);
  }
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  shared = tree_memory(4096);
  pid_t makers[kMakers];
  for (int i = 0; i < kMakers; ++i) makers[i] = tree_fork(make, i);
  tree_ready_and_wait(kMakers);
  for (int i = 0; i < kMakers; ++i) tree_reap(makers[i]);
  for (int i = 0; i < kMakers; ++i) EXPECT(shared->made[i] >= 6);
  return e2e_ok();
}
