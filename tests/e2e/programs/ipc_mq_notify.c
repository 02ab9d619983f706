// Notifications of messages (mq_notify): by a signal with a value, of a queue that has messages and
// of one that has none; by a thread; silently.
#include <mqueue.h>
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

enum { kSignal, kFull, kThread, kSilent, kQueues };

static volatile int told;

static void on_message(union sigval value) { told = value.sival_int; }

static mqd_t make(int number) {
  char name[64];
  snprintf(name, sizeof name, "/e2e-notify-%d-%d", getpid(), number);
  struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 32};
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attr);
  EXPECT(queue >= 0);
  if (number != kSilent) EXPECT_EQ(mq_unlink(name), 0);
  return queue;
}

static void put(mqd_t queue, const char* text, unsigned priority) {
  EXPECT_EQ(mq_send(queue, text, strlen(text), priority), 0);
}

static void get(mqd_t queue, const char* text) {
  char buffer[32];
  EXPECT_EQ(mq_receive(queue, buffer, sizeof buffer, NULL), (long long)strlen(text));
  EXPECT(memcmp(buffer, text, strlen(text)) == 0);
}

static void expect_signal(const sigset_t* set, int value) {
  struct timespec none = {0, 0};
  siginfo_t info;
  EXPECT_EQ(sigtimedwait(set, &info, &none), SIGUSR1);
  EXPECT_EQ(info.si_code, SI_MESGQ);
  EXPECT_EQ(info.si_value.sival_int, value);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  mqd_t queue[kQueues];
  for (int i = 0; i < kQueues; ++i) queue[i] = make(i);
  put(queue[kFull], "low", 1);
  put(queue[kFull], "high", 2);
  put(queue[kFull], "lower", 1);
  put(queue[kSilent], "one", 30000);
  struct sigevent by_signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  struct sigevent none = {.sigev_notify = SIGEV_NONE};
  struct sigevent by_thread = {.sigev_notify = SIGEV_THREAD};
  by_thread.sigev_notify_function = on_message;
  by_thread.sigev_value.sival_int = 77;
  by_signal.sigev_value.sival_int = 1234;
  EXPECT_EQ(mq_notify(queue[kSignal], &by_signal), 0);
  by_signal.sigev_value.sival_int = 5678;
  EXPECT_EQ(mq_notify(queue[kFull], &by_signal), 0);
  EXPECT_EQ(mq_notify(queue[kThread], &by_thread), 0);
  EXPECT_EQ(mq_notify(queue[kSilent], &none), 0);
  e2e_ready_and_wait();

  for (int i = 0; i < kQueues; ++i) {
    EXPECT_EQ(mq_notify(queue[i], &none), -1);
    EXPECT_EQ(errno, EBUSY);
  }
  struct timespec now = {0, 0};
  EXPECT_EQ(sigtimedwait(&set, NULL, &now), -1);
  put(queue[kSignal], "x", 0);
  expect_signal(&set, 1234);
  get(queue[kFull], "high");
  get(queue[kFull], "low");
  get(queue[kFull], "lower");
  EXPECT_EQ(sigtimedwait(&set, NULL, &now), -1);
  put(queue[kFull], "y", 0);
  expect_signal(&set, 5678);
  EXPECT_EQ(told, 0);
  put(queue[kThread], "z", 0);
  while (told == 0) e2e_pause_ms(1);
  EXPECT_EQ(told, 77);
  get(queue[kSilent], "one");
  put(queue[kSilent], "two", 0);
  EXPECT_EQ(mq_notify(queue[kSilent], &none), 0);
  char name[64];
  snprintf(name, sizeof name, "/e2e-notify-%d-%d", getpid(), kSilent);
  EXPECT_EQ(mq_unlink(name), 0);
  return e2e_ok();
}
