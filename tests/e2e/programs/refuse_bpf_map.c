// A BPF map of a type whose entries can only be taken; the job must not notice the attempt.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  struct {
    uint32_t type, key_size, value_size, max_entries, rest[28];
  } map = {22 /* BPF_MAP_TYPE_QUEUE */, 0, 8, 4, {0}};
  long fd = syscall(SYS_bpf, 0 /* BPF_MAP_CREATE */, &map, sizeof map);
  if (fd < 0) e2e_skip("no BPF maps for this user");
  e2e_ready_and_wait();
  EXPECT(fcntl(fd, F_GETFD) >= 0);
  return e2e_ok();
}
