// Processes with one working directory and umask (CLONE_FS): what one changes, the others have.
#include "tests/e2e/programs/clone.h"

static int* word;

static mode_t mask_now(void) {
  mode_t mask = umask(0);
  umask(mask);
  return mask;
}

static int is_in(const char* directory) {
  char now[PATH_MAX];
  EXPECT(getcwd(now, sizeof now) != NULL);
  return strcmp(now, directory) == 0;
}

static void sharer(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 1) e2e_pause_ms(1);
  EXPECT(is_in("/usr"));
  EXPECT_EQ(mask_now(), 07);
  EXPECT_EQ(chdir("/usr/lib"), 0);
  umask(051);
  __atomic_store_n(word, 2, __ATOMIC_RELEASE);
}

static void apart(long unused) {
  (void)unused;
  umask(033);
  EXPECT_EQ(chdir("/dev"), 0);
  tree_set_up_and_wait();
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 2) e2e_pause_ms(1);
  EXPECT(is_in("/dev"));
  EXPECT_EQ(mask_now(), 033);
}

// Its children share with each other, one of them with the root's descriptors.
static void passes_on(long unused) {
  (void)unused;
  pid_t children[2] = {clone_fork(CLONE_FS, sharer, 0), clone_fork(CLONE_FS, apart, 0)};
  EXPECT_EQ(unshare(CLONE_FS | CLONE_FILES), 0);
  EXPECT_EQ(chdir("/var"), 0);
  tree_set_up_and_wait();
  EXPECT(clone_same(children[0], children[1], KCMP_FS));
  EXPECT(!clone_same(children[0], getpid(), KCMP_FS));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(kill(children[i], SIGKILL), 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(tree_wait(children[i]), SIGKILL);
  EXPECT(is_in("/var"));
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  word = tree_memory(4096);
  EXPECT_EQ(chdir("/"), 0);
  umask(022);
  pid_t children[3] = {clone_fork(CLONE_FS, sharer, 0), tree_fork(apart, 0),
                       clone_fork(CLONE_FILES, passes_on, 0)};
  tree_ready_and_wait(5);
  EXPECT(clone_same(getpid(), children[0], KCMP_FS));
  EXPECT(!clone_same(getpid(), children[1], KCMP_FS));
  EXPECT(!clone_same(getpid(), children[0], KCMP_FILES));
  EXPECT_EQ(mask_now(), 022);
  EXPECT_EQ(chdir("/usr"), 0);
  umask(07);
  tree_reap(children[2]);
  __atomic_store_n(word, 1, __ATOMIC_RELEASE);
  tree_reap(children[0]);
  tree_reap(children[1]);
  EXPECT_EQ(mask_now(), 051);
  EXPECT(is_in("/usr/lib"));
  return e2e_ok();
}
