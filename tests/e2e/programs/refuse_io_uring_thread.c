// An instance that another thread than the main one has for itself.
#include <pthread.h>

#include "tests/e2e/programs/io_uring.h"

static struct uring ring;

static void* make(void* nothing) {
  uring_make(&ring, 4, URING_SINGLE_ISSUER);
  uring_nothings(&ring, 1, 3);
  e2e_ready();
  for (;;) pause();
  return nothing;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, make, NULL), 0);
  e2e_wait_go();
  return e2e_ok();
}
