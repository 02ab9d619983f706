// A file that two processes have mapped: what one writes the other reads, and the file has it.
#include "tests/e2e/programs/tree.h"

static volatile char* area;

static void child_main(long unused) {
  (void)unused;
  char* copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, open(e2e_file("data"), O_RDONLY), 0);
  EXPECT(copy != MAP_FAILED);
  copy[5] = 'p';
  tree_set_up_and_wait();
  while (area[1] != 'a') e2e_pause_ms(1);
  EXPECT_EQ(copy[5], 'p');
  area[2] = 'b';
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  int fd = open(e2e_file("data"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(ftruncate(fd, 8192), 0);
  area = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  pid_t child = tree_fork(child_main, 0);
  tree_ready_and_wait(1);
  area[1] = 'a';
  while (area[2] != 'b') e2e_pause_ms(1);
  EXPECT_EQ(area[5], 0);
  tree_reap(child);
  char text[16];
  fd = open(e2e_file("data"), O_RDONLY);
  EXPECT_EQ(read(fd, text, sizeof text), sizeof text);
  EXPECT(text[1] == 'a' && text[2] == 'b');
  return e2e_ok();
}
