// What a child gets: not the DONTFORK memory, zeroes for the WIPEONFORK memory.
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char* absent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* wiped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  absent[0] = wiped[0] = plain[0] = 5;
  EXPECT_EQ(madvise(absent, 4096, MADV_DONTFORK), 0);
  EXPECT_EQ(madvise(wiped, 4096, 18 /* MADV_WIPEONFORK */), 0);
  e2e_ready_and_wait();
  EXPECT(absent[0] == 5 && wiped[0] == 5 && plain[0] == 5);
  EXPECT(e2e_has_vm_flag(absent, "dc") && e2e_has_vm_flag(wiped, "wf"));
  pid_t child = fork();
  if (child == 0) {
    unsigned char resident;
    int gone = mincore(absent, 4096, &resident) == -1 && errno == ENOMEM;
    _exit(gone && wiped[0] == 0 && plain[0] == 5 ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return e2e_ok();
}
