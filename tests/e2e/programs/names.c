// Names of the process and its threads.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

static void check_name(const char* wanted) {
  char name[17] = "";
  EXPECT_EQ(prctl(PR_GET_NAME, name), 0);
  EXPECT(strcmp(name, wanted) == 0);
}

static void* thread_main(void* name) {
  EXPECT_EQ(prctl(PR_SET_NAME, name), 0);
  e2e_wait_go();
  check_name(name);
  return NULL;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t threads[3];
  char* names[3] = {"odd ) name (", "", "new\nline\\\xff"};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(pthread_create(&threads[i], NULL, thread_main, names[i]), 0);
  EXPECT_EQ(prctl(PR_SET_NAME, "fifteen letters"), 0);
  e2e_pause_ms(20);
  e2e_ready_and_wait();
  check_name("fifteen letters");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pthread_join(threads[i], NULL), 0);
  return e2e_ok();
}
