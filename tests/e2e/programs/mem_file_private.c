// A private mapping of a file: changed pages are the process's, the others the file's.
#include "tests/e2e/programs/e2e.h"

enum { kPage = 4096, kPages = 64 };

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char contents[kPages * kPage];
  e2e_fill(contents, sizeof contents, 1);
  int fd = open(e2e_file("mapped"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  EXPECT_EQ(write(fd, contents, sizeof contents - 100), sizeof contents - 100);
  char* area = mmap(NULL, sizeof contents, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  char* second = mmap(NULL, 8 * kPage, PROT_READ, MAP_PRIVATE, fd, 16 * kPage);
  EXPECT(area != MAP_FAILED && second != MAP_FAILED);
  close(fd);
  for (int i = 0; i < kPages; i += 7) e2e_fill(area + i * kPage, kPage, 100 + i);
  e2e_ready_and_wait();
  for (int i = 0; i < kPages; ++i) {
    if (i % 7 == 0)
      e2e_check_fill(area + i * kPage, kPage, 100 + i);
    else
      EXPECT(memcmp(area + i * kPage, contents + i * kPage,
                    i == kPages - 1 ? kPage - 100 : kPage) == 0);
  }
  EXPECT(memcmp(second, contents + 16 * kPage, 8 * kPage) == 0);
  static char in_file[kPages * kPage];
  EXPECT_EQ(e2e_read_file(e2e_file("mapped"), in_file, sizeof in_file), sizeof contents - 100);
  EXPECT(memcmp(in_file, contents, sizeof contents - 100) == 0);
  char name[64];
  EXPECT(e2e_smaps(area, "Anonymous:", name, sizeof name) && atoi(name) <= 4 * 12);
  return e2e_ok();
}
