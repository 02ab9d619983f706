// Several processes in one removed directory, of which one has a descriptor.
#include "tests/e2e/programs/tree.h"

static ino_t* inodes;

static void child_main(long number) {
  struct stat st;
  tree_set_up_and_wait();
  EXPECT_EQ(stat(".", &st), 0);
  EXPECT_EQ(st.st_nlink, 0);
  inodes[number] = st.st_ino;
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  inodes = tree_memory(4096);
  EXPECT_EQ(mkdir(e2e_file("dir"), 0755), 0);
  EXPECT_EQ(chdir(e2e_file("dir")), 0);
  int fd = open(".", O_RDONLY | O_DIRECTORY);
  pid_t first = tree_fork(child_main, 0);
  pid_t second = tree_fork(child_main, 1);
  EXPECT_EQ(rmdir(e2e_file("dir")), 0);
  EXPECT_EQ(chdir("/"), 0);
  tree_ready_and_wait(2);
  tree_reap(first);
  tree_reap(second);
  struct stat st;
  EXPECT_EQ(fstat(fd, &st), 0);
  EXPECT_EQ(inodes[0], st.st_ino);
  EXPECT_EQ(inodes[1], st.st_ino);
  return e2e_ok();
}
