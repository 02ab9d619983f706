// A shared mapping of a file: what the process writes afterwards is in the file.
#include "tests/e2e/programs/e2e.h"

enum { kBytes = 16 * 4096 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int fd = open(e2e_file("mapped"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT_EQ(ftruncate(fd, kBytes), 0);
  char* area = mmap(NULL, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char* reader = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
  EXPECT(area != MAP_FAILED && reader != MAP_FAILED);
  close(fd);
  e2e_fill(area, kBytes, 2);
  e2e_ready_and_wait();
  e2e_check_fill(area, kBytes, 2);
  e2e_fill(area, kBytes, 3);
  EXPECT(memcmp(reader, area + 4096, 4096) == 0);
  static char in_file[kBytes + 1];
  EXPECT_EQ(e2e_read_file(e2e_file("mapped"), in_file, sizeof in_file), kBytes);
  EXPECT(memcmp(in_file, area, kBytes) == 0);
  EXPECT(e2e_has_vm_flag(area, "sh"));
  return e2e_ok();
}
