// POSIX message queues: messages with priorities, attributes, several descriptions, one without a name.
#include <mqueue.h>

#include "tests/e2e/programs/e2e.h"

static void get(mqd_t queue, unsigned priority, const char* text) {
  char buffer[64] = "";
  unsigned got = 99;
  EXPECT_EQ(mq_receive(queue, buffer, sizeof buffer, &got), (long long)strlen(text));
  EXPECT_EQ(got, priority);
  EXPECT(strncmp(buffer, text, strlen(text)) == 0);
}
static void put(mqd_t queue, unsigned priority, const char* text) {
  EXPECT_EQ(mq_send(queue, text, strlen(text), priority), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char name[64], lost[64];
  snprintf(name, sizeof name, "/e2e-%d", getpid());
  snprintf(lost, sizeof lost, "/e2e-lost-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 6, .mq_msgsize = 64};
  mqd_t both = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0620, &attr);
  mqd_t writer = mq_open(name, O_WRONLY | O_NONBLOCK);
  mqd_t nameless = mq_open(lost, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  EXPECT(both >= 0 && writer >= 0 && nameless >= 0);
  EXPECT_EQ(mq_unlink(lost), 0);
  put(both, 1, "one");
  put(both, 5, "two");
  put(both, 1, "three");
  put(both, 32767, "");
  put(both, 5, "five");
  put(both, 0, "six");
  put(nameless, 3, "found");
  struct stat before, after;
  EXPECT_EQ(fstat(both, &before), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(fstat(both, &after), 0);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  struct mq_attr now;
  EXPECT_EQ(mq_getattr(both, &now), 0);
  EXPECT_EQ(now.mq_flags, 0);
  EXPECT_EQ(now.mq_maxmsg, 6);
  EXPECT_EQ(now.mq_curmsgs, 6);
  EXPECT(mq_send(writer, "no room", 7, 0) != 0 && errno == EAGAIN);
  get(both, 32767, "");
  get(both, 5, "two");
  get(both, 5, "five");
  get(both, 1, "one");
  put(writer, 1, "four");
  get(both, 1, "three");
  get(both, 1, "four");
  get(both, 0, "six");
  get(nameless, 3, "found");
  EXPECT(mq_open(lost, O_RDWR) < 0 && errno == ENOENT);
  EXPECT(mq_receive(writer, name, sizeof name, NULL) < 0 && errno == EBADF);
  EXPECT_EQ(mq_unlink(name), 0);
  return e2e_ok();
}
