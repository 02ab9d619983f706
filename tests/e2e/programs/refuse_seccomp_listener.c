// Somebody else decides about a process's system calls.
#include "tests/e2e/programs/e2e.h"

struct insn {
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
};

// getppid(2) is asked about.
static struct {
  uint16_t length;
  struct insn* insns;
} filter = {4, (struct insn[]){
                   {0x20, 0, 0, 0},            // load the call's number
                   {0x15, 0, 1, SYS_getppid},  // is it the one?
                   {0x06, 0, 0, 0x7fc00000 /* SECCOMP_RET_USER_NOTIF */},
                   {0x06, 0, 0, 0x7fff0000},  // else it is allowed
               }};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  int fd = syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 8 /* NEW_LISTENER */, &filter);
  if (fd < 0) e2e_skip("no seccomp listeners");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
