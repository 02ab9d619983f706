// timerfd: clock, time left, interval, expirations not yet read, absolute time, which a change of
// the clock cancels.
#include <sys/timerfd.h>

#include "tests/e2e/programs/e2e.h"

// As they were given.
static unsigned settime_flags(int fd) {
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  int info = open(path, O_RDONLY | O_CLOEXEC);
  EXPECT(read(info, text, sizeof text - 1) > 0);
  close(info);
  const char* flags = strstr(text, "settime flags: ");
  EXPECT(flags != NULL);
  return strtoul(flags + 15, NULL, 8);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int far = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
      expired = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
  int absolute = timerfd_create(CLOCK_REALTIME, 0), cancelled = timerfd_create(CLOCK_REALTIME, 0),
      idle = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const int cancel_on_set =
      TFD_TIMER_ABSTIME | 1 << 1;  // TFD_TIMER_CANCEL_ON_SET, which musl has not had long.
  struct itimerspec spec = {{9, 0}, {4000, 5}}, once = {{0, 0}, {0, 1000}},
                    at = {{0, 0}, {time(NULL) + 3000, 0}}, now;
  EXPECT_EQ(timerfd_settime(far, 0, &spec, NULL), 0);
  EXPECT_EQ(timerfd_settime(expired, 0, &once, NULL), 0);
  EXPECT_EQ(timerfd_settime(absolute, TFD_TIMER_ABSTIME, &at, NULL), 0);
  EXPECT_EQ(timerfd_settime(cancelled, cancel_on_set, &at, NULL), 0);
  e2e_pause_ms(30);
  e2e_ready_and_wait();
  uint64_t count = 0;
  EXPECT_EQ(timerfd_gettime(far, &now), 0);
  EXPECT_BETWEEN(now.it_value.tv_sec, 3700, 4000);
  EXPECT_EQ(now.it_interval.tv_sec, 9);
  EXPECT_EQ(read(expired, &count, 8), 8);
  EXPECT_EQ(count, 1);
  EXPECT(read(expired, &count, 8) == -1 && errno == EAGAIN);
  EXPECT_EQ(timerfd_gettime(absolute, &now), 0);
  EXPECT_BETWEEN(time(NULL) + now.it_value.tv_sec, at.it_value.tv_sec - 2, at.it_value.tv_sec + 2);
  EXPECT_EQ(settime_flags(cancelled), cancel_on_set);
  EXPECT_EQ(settime_flags(absolute), TFD_TIMER_ABSTIME);
  EXPECT_EQ(timerfd_gettime(cancelled, &now), 0);
  EXPECT_BETWEEN(time(NULL) + now.it_value.tv_sec, at.it_value.tv_sec - 2, at.it_value.tv_sec + 2);
  EXPECT_EQ(timerfd_gettime(idle, &now), 0);
  EXPECT_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
  EXPECT_EQ(timerfd_settime(far, 0, &once, NULL), 0);
  EXPECT_EQ(read(far, &count, 8), 8);
  return e2e_ok();
}
