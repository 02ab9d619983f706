// A notification of messages carries a value that nobody but the kernel knows.
#include <mqueue.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char name[64];
  snprintf(name, sizeof name, "/e2e-notify-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
  EXPECT(queue >= 0);
  EXPECT_EQ(mq_unlink(name), 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  event.sigev_value.sival_int = 1234;
  EXPECT_EQ(mq_notify(queue, &event), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(mq_send(queue, "x", 1, 0), 0);
  siginfo_t info;
  EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
  EXPECT_EQ(info.si_value.sival_int, 1234);
  return e2e_ok();
}
