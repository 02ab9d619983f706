// Processes that share one memory in all the ways in which they can come to it: a child with nothing
// else in common, one with descriptors and directory, a grandchild that shares handlers, a sibling of
// its maker, an adopted one; with several threads, and with a child that has a copy of it.
#include <pthread.h>
#include <sys/prctl.h>

#include "tests/e2e/programs/clone.h"

enum { kMain, kPlain, kTable, kHandlers, kSibling, kAdopted, kCount };
enum { kFile = 70, kOwnFile = 71 };

static volatile pid_t pids[kCount];
static volatile pid_t copier;
static volatile int stage, entered, done[kCount], threads_done;
static int* copied;

static void handle(int number) { (void)number; }

static void await(volatile int* word, int value) {
  while (*word < value) e2e_pause_ms(1);
}

static int thread(void* unused) {
  (void)unused;
  __atomic_add_fetch(&entered, 1, __ATOMIC_SEQ_CST);
  await(&stage, 1);
  __atomic_add_fetch(&threads_done, 1, __ATOMIC_SEQ_CST);
  syscall(SYS_exit, 0);
  return 0;
}

static void start_thread(void) {
  int before = entered;
  clone_vm(CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, thread, 0);
  await(&entered, before + 1);
}

// Tells who it is, and lives until it is asked to show that it is still that.
static void live(int which, pid_t parent) {
  pids[which] = getpid();
  tree_set_up();
  await(&stage, 1);
  EXPECT_EQ(getpid(), pids[which]);
  EXPECT_EQ(getppid(), parent);
  EXPECT_EQ(prctl(PR_SET_NAME, "renamed"), 0);
  await(&stage, which + 1);
  done[which] = 1;
}

static int handlers(void* maker) {
  live(kHandlers, (long)maker);
  signal(SIGUSR1, handle);
  clone_vm_exit(kHandlers);
  return 0;
}

static int sibling(void* parent) {
  live(kSibling, (long)parent);
  clone_vm_exit(kSibling);
  return 0;
}

static int plain(void* parent) {
  EXPECT_EQ(open("/dev/null", O_RDONLY), kFile);
  EXPECT_EQ(dup2(kFile, kOwnFile), kOwnFile);
  pid_t self = getpid();
  start_thread();
  clone_vm(CLONE_SIGHAND | SIGCHLD, handlers, self);
  await((volatile int*)&pids[kHandlers], 1);
  clone_vm(CLONE_PARENT, sibling, (long)parent);
  await((volatile int*)&pids[kSibling], 1);
  copied[0] = 1;
  pid_t child = fork();
  if (child == 0) {
    copied[0] = 5;
    tree_set_up();
    while (!e2e_go_exists()) e2e_pause_ms(1);
    _exit(copied[0] == 5 && stage == 0 && getppid() == self ? 0 : 3);
  }
  copier = child;
  live(kPlain, (long)parent);
  EXPECT_EQ(fcntl(kOwnFile, F_GETFD), 0);
  tree_reap(child);
  int status = -1;
  EXPECT_EQ(waitpid(pids[kHandlers], &status, 0), pids[kHandlers]);
  EXPECT_EQ(WEXITSTATUS(status), kHandlers);
  EXPECT(signal(SIGUSR1, SIG_DFL) == handle);
  clone_vm_exit(kPlain);
  return 0;
}

static int table(void* parent) {
  start_thread();
  live(kTable, (long)parent);
  EXPECT_EQ(close(kFile), 0);
  EXPECT_EQ(chdir("/"), 0);
  clone_vm_exit(kTable);
  return 0;
}

static int adopted(void* parent) {
  while (getppid() != (long)parent) e2e_pause_ms(1);
  live(kAdopted, (long)parent);
  clone_vm_exit(kAdopted);
  return 0;
}

static int between(void* parent) {
  clone_vm(SIGCHLD, adopted, (long)parent);
  clone_vm_exit(0);
  return 0;
}

static void* idle(void* unused) {
  (void)unused;
  await(&stage, 1);
  __atomic_add_fetch(&threads_done, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static void step(int which, pid_t waited) {
  stage = which + 1;
  await(&done[which], 1);
  int status = -1;
  if (waited == 0) return;
  EXPECT_EQ(waitpid(waited, &status, 0), waited);
  EXPECT_EQ(WEXITSTATUS(status), which);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pid_t self = pids[kMain] = getpid();
  copied = malloc(1 << 20);
  memset(copied, 0, 1 << 20);
  EXPECT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  pthread_t other;
  EXPECT_EQ(pthread_create(&other, NULL, idle, NULL), 0);
  EXPECT_EQ(dup2(tree_word[0], kFile), kFile);
  EXPECT_EQ(close(kFile), 0);
  int filler = open("/dev/null", O_RDONLY);
  while (filler < kFile - 1) filler = dup(filler);
  pid_t first = clone_vm(SIGCHLD, plain, self);
  tree_await(4);
  EXPECT_EQ(open("/dev/zero", O_RDONLY), kFile);
  pid_t second = clone_vm(CLONE_FILES | CLONE_FS | SIGCHLD, table, self);
  tree_await(1);
  tree_reap(clone_vm(SIGCHLD, between, self));
  tree_ready_and_wait(1);
  for (int i = 1; i < kCount; ++i) {
    EXPECT(clone_same(self, pids[i], KCMP_VM));
    EXPECT_EQ(clone_same(self, pids[i], KCMP_FILES), i == kTable);
    EXPECT_EQ(clone_same(self, pids[i], KCMP_FS), i == kTable);
    EXPECT(!clone_same(self, pids[i], KCMP_SIGHAND));
  }
  EXPECT(clone_same(pids[kPlain], pids[kHandlers], KCMP_SIGHAND));
  EXPECT(!clone_same(self, copier, KCMP_VM));
  EXPECT_EQ(copied[0], 1);
  stage = 1;
  await(&threads_done, 3);
  step(kPlain, 0);
  step(kTable, second);
  step(kHandlers, 0);
  step(kSibling, pids[kSibling]);
  step(kAdopted, pids[kAdopted]);
  EXPECT_EQ(fcntl(kFile, F_GETFD), -1);
  char where[16];
  EXPECT(getcwd(where, sizeof where) != NULL);
  EXPECT_EQ(strcmp(where, "/"), 0);
  int status = -1;
  EXPECT_EQ(waitpid(first, &status, 0), first);
  EXPECT_EQ(WEXITSTATUS(status), kPlain);
  EXPECT_EQ(pthread_join(other, NULL), 0);
  return e2e_ok();
}
