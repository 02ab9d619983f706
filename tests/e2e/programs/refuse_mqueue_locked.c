// A message queue under a lock.
#include <mqueue.h>
#include <sys/file.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char name[64];
  snprintf(name, sizeof name, "/e2e_locked_%d", (int)getpid());
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
  if (queue < 0) e2e_skip("no message queues");
  EXPECT_EQ(mq_unlink(name), 0);
  EXPECT_EQ(flock(queue, LOCK_EX), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(mq_send(queue, "x", 1, 0), 0);
  return e2e_ok();
}
