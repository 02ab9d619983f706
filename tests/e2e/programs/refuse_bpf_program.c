// A BPF program of which nobody can tell what it was loaded with: it had instructions that are never reached.
#include "tests/e2e/programs/e2e.h"

struct insn {
  uint8_t code, registers;
  int16_t offset;
  int32_t immediate;
};

static int load_program(void) {
  struct insn code[] = {{0xb7, 0, 0, 1}, {0x15, 0, 1, 1}, {0xb7, 0, 0, 2}, {0x95, 0, 0, 0}};
  struct {
    uint32_t type, count;
    uint64_t code, license;
    uint64_t rest[16];
  } program = {1 /* BPF_PROG_TYPE_SOCKET_FILTER */, 4, (uintptr_t)code, (uintptr_t) "GPL", {0}};
  return syscall(SYS_bpf, 5 /* BPF_PROG_LOAD */, &program, sizeof program);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = load_program();
  if (fd < 0) e2e_skip("only root loads BPF programs");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
