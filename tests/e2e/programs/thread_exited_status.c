// The first thread of a group ends with a status by exit(2); it is the process's own when the last
// of the others ends by exit(2) as well.  Each by itself, so that no library takes part in it.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void* thread_main(void* unused) {
  (void)unused;
  e2e_pause_ms(50);
  e2e_ready_and_wait();
  char path[64];
  static char text[1024];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
  e2e_read_file(path, text, sizeof text);
  // The last field is the status as wait(2) would tell it.
  const char* last = strrchr(text, ' ');
  EXPECT(last != NULL);
  EXPECT_EQ(atoi(last), 7 << 8);
  _exit(e2e_ok());
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
  syscall(SYS_exit, 7);
}
