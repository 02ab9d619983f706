// A filter that kills for what a snapshot does in the process, and for what a restore ends with.
#include "tests/e2e/programs/e2e.h"

struct insn {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};
struct program {
  uint16_t length;
  struct insn* filter;
};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  struct insn filter[] = {
      {0x20, 0, 0, 0},  // load the call's number
      {0x15, 5, 0, SYS_munmap},
      {0x15, 4, 0, SYS_shmat},
      {0x15, 3, 0, SYS_shmdt},
      {0x15, 2, 0, SYS_futex},
      {0x15, 1, 0, SYS_seccomp},
      {0x06, 0, 0, 0x7fff0000},  // allowed
      {0x06, 0, 0, 0x80000000},  // killed
  };
  struct program program = {sizeof filter / sizeof *filter, filter};
  EXPECT_EQ(prctl(PR_SET_SECCOMP, 2, &program, 0, 0), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 2);
  return e2e_ok();
}
