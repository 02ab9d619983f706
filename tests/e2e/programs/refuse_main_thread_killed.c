// The main thread was ended by a seccomp filter, while another goes on.
#include <pthread.h>

#include "tests/e2e/programs/e2e.h"

struct insn {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};

// getppid(2) ends the thread.
static struct {
  uint16_t length;
  struct insn* insns;
} filter = {4, (struct insn[]){
                   {0x20, 0, 0, 0},            // load the call's number
                   {0x15, 0, 1, SYS_getppid},  // is it the one?
                   {0x06, 0, 0, 0 /* SECCOMP_RET_KILL_THREAD */},
                   {0x06, 0, 0, 0x7fff0000},  // else it is allowed
               }};

static void* goes_on(void* unused) {
  char path[64], state[4096] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", (int)getpid());
  do {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    EXPECT(read(fd, state, sizeof state - 1) > 0);
    close(fd);
  } while (strstr(state, ") Z") == NULL);
  e2e_ready_and_wait();
  _exit(e2e_ok());
  return unused;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, NULL, goes_on, NULL), 0);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  EXPECT_EQ(prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &filter), 0);
  syscall(SYS_getppid);
  return 0;
}
