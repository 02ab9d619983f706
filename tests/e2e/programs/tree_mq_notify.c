// Who is notified of a message is one process of several that have the queue; it has it twice.
#include <mqueue.h>

#include "tests/e2e/programs/tree.h"

static mqd_t queue;
static struct sigevent none = {.sigev_notify = SIGEV_NONE};

static void ask(long unused) {
  (void)unused;
  EXPECT(dup(queue) >= 0);
  EXPECT_EQ(mq_notify(queue, &none), 0);
  tree_set_up_and_wait();
  while (mq_notify(queue, &none) != 0) e2e_pause_ms(1);  // Until the message came.
  EXPECT_EQ(mq_notify(queue, NULL), 0);
}

static void watch(long unused) {
  (void)unused;
  tree_set_up_and_wait();
  char text[128] = "";
  EXPECT(pread(queue, text, sizeof text - 1, 0) > 0);
  int pid = 0;
  EXPECT_EQ(sscanf(strstr(text, "NOTIFY_PID:"), "NOTIFY_PID:%d", &pid), 1);
  EXPECT(pid != 0 && pid != getpid() && pid != getppid());
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  char name[64];
  snprintf(name, sizeof name, "/e2e-notify-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
  queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  EXPECT(queue >= 0);
  EXPECT_EQ(mq_unlink(name), 0);
  pid_t asker = tree_fork(ask, 0), watcher = tree_fork(watch, 0);
  tree_ready_and_wait(2);
  tree_reap(watcher);
  EXPECT_EQ(mq_notify(queue, &none), -1);
  EXPECT_EQ(errno, EBUSY);
  EXPECT_EQ(mq_send(queue, "x", 1, 0), 0);
  tree_reap(asker);
  return e2e_ok();
}
