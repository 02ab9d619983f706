// A queue that is full with one message, and whose next first message somebody wants to know of: it
// cannot be taken out to be looked at, as putting it back would be that.
#include <mqueue.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char name[64];
  snprintf(name, sizeof name, "/e2e-notify-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  EXPECT(queue >= 0);
  EXPECT_EQ(mq_unlink(name), 0);
  EXPECT_EQ(mq_send(queue, "x", 1, 0), 0);
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  EXPECT_EQ(mq_notify(queue, &event), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(mq_notify(queue, &event), -1);
  EXPECT_EQ(errno, EBUSY);
  char text[16];
  EXPECT_EQ(mq_receive(queue, text, sizeof text, NULL), 1);
  return e2e_ok();
}
