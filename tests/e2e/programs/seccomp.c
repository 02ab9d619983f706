// A seccomp filter goes on refusing what it refused.
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

static void install(uint32_t call, uint32_t error) {
  struct insn filter[] = {
      {0x20, 0, 0, 0},                   // load the call's number
      {0x15, 0, 1, call},                // is it the one?
      {0x06, 0, 0, 0x00050000 | error},  // then it fails
      {0x06, 0, 0, 0x7fff0000},          // else it is allowed
  };
  struct program program = {4, filter};
  EXPECT_EQ(prctl(PR_SET_SECCOMP, 2, &program, 0, 0), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  install(SYS_getppid, 77);
  install(SYS_sethostname, 78);
  e2e_ready_and_wait();
  EXPECT(syscall(SYS_getppid) == -1 && errno == 77);
  EXPECT(syscall(SYS_sethostname, "x", 1) == -1 && errno == 78);
  EXPECT(getpid() > 0);
  EXPECT_EQ(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 2);
  return e2e_ok();
}
