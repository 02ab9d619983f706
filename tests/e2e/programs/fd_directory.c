// An open directory, and openat relative to it.
#include <dirent.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char dir[PATH_MAX], name[32];
  snprintf(dir, sizeof dir, "%s", e2e_file("dir"));
  EXPECT_EQ(mkdir(dir, 0755), 0);
  int fd = open(dir, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 20; ++i) {
    snprintf(name, sizeof name, "entry%d", i);
    int made = openat(fd, name, O_CREAT | O_WRONLY, 0600);
    EXPECT(made >= 0);
    close(made);
  }
  e2e_ready_and_wait();
  EXPECT_EQ(faccessat(fd, "entry7", F_OK, 0), 0);
  DIR* listing = fdopendir(fd);
  int entries = 0;
  EXPECT(listing != NULL);
  while (readdir(listing)) ++entries;
  EXPECT_EQ(entries, 22);
  return e2e_ok();
}
