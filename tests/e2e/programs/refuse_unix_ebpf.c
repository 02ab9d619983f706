// A socket with a filter that the kernel does not show.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

struct insn {
  uint8_t code, registers;
  int16_t offset;
  int32_t immediate;
};

// Returns a constant.
static int load_program(void) {
  struct insn code[] = {{0xb7, 0, 0, 4096}, {0x95, 0, 0, 0}};
  struct {
    uint32_t type, count;
    uint64_t code, license;
    uint64_t rest[16];
  } program = {1 /* BPF_PROG_TYPE_SOCKET_FILTER */, 2, (uintptr_t)code, (uintptr_t) "GPL", {0}};
  return syscall(SYS_bpf, 5 /* BPF_PROG_LOAD */, &program, sizeof program);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int program = load_program(), pair[2];
  if (program < 0) e2e_skip("only root loads BPF programs");
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  EXPECT_EQ(setsockopt(pair[0], SOL_SOCKET, 50 /* SO_ATTACH_BPF */, &program, sizeof program), 0);
  close(program);
  e2e_ready_and_wait();
  EXPECT_EQ(write(pair[1], "x", 1), 1);
  return e2e_ok();
}
