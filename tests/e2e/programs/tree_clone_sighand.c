// A child that has memory and handlers of its parent, and another that has its memory only; one more
// has the handlers of that other.  What one of them sets, those see with whom it shares.
#include "tests/e2e/programs/clone.h"

enum { kParent, kBoth, kMemory, kOfMemory, kCount };

static volatile pid_t pids[kCount];
static volatile int stage, at[kCount];

static void zero(int number) { (void)number; }
static void one(int number) { (void)number; }
static void two(int number) { (void)number; }

static void await(volatile int* word, int value) {
  while (*word < value) e2e_pause_ms(1);
}

static void enter(int which, int signal_number, void (*handler)(int)) {
  pids[which] = getpid();
  signal(signal_number, handler);
  tree_set_up();
}

static int both(void* unused) {
  (void)unused;
  enter(kBoth, SIGUSR1, one);
  await(&stage, 1);
  EXPECT(signal(SIGUSR2, two) == zero);
  at[kBoth] = 1;
  await(&stage, 3);
  clone_vm_exit(0);
  return 0;
}

static int of_memory(void* unused) {
  (void)unused;
  enter(kOfMemory, SIGUSR2, SIG_IGN);
  await(&stage, 2);
  EXPECT(signal(SIGUSR1, two) == zero);
  at[kOfMemory] = 1;
  clone_vm_exit(0);
  return 0;
}

static int memory(void* unused) {
  (void)unused;
  enter(kMemory, SIGUSR1, zero);
  pid_t pid = clone_vm(CLONE_SIGHAND | CLONE_FILES | CLONE_FS | SIGCHLD, of_memory, 0);
  await(&at[kOfMemory], 1);
  tree_reap(pid);
  EXPECT(signal(SIGUSR1, one) == two);
  EXPECT(signal(SIGUSR2, one) == SIG_IGN);
  clone_vm_exit(0);
  return 0;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  pids[kParent] = getpid();
  signal(SIGUSR2, zero);
  pid_t first = clone_vm(CLONE_SIGHAND | SIGCHLD, both, 0);
  tree_await(1);
  pid_t second = clone_vm(SIGCHLD, memory, 0);
  tree_ready_and_wait(2);
  for (int i = 1; i < kCount; ++i) {
    EXPECT(clone_same(pids[kParent], pids[i], KCMP_VM));
    EXPECT_EQ(clone_same(pids[kParent], pids[i], KCMP_SIGHAND), i == kBoth);
  }
  EXPECT(clone_same(pids[kMemory], pids[kOfMemory], KCMP_SIGHAND));
  EXPECT(clone_same(pids[kMemory], pids[kOfMemory], KCMP_FILES));
  EXPECT(!clone_same(pids[kMemory], pids[kParent], KCMP_FILES));
  stage = 1;
  await(&at[kBoth], 1);
  EXPECT(signal(SIGUSR1, zero) == one);
  EXPECT(signal(SIGUSR2, zero) == two);
  stage = 2;
  tree_reap(second);
  stage = 3;
  tree_reap(first);
  return e2e_ok();
}
