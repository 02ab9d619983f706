// Files of sysfs, in the middle of reading one and of a directory.
#include <dirent.h>

#include "tests/e2e/programs/e2e.h"

#define SETTING "/sys/kernel/mm/transparent_hugepage/defrag"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  char before[256] = "", after[256] = "";
  int setting = open(SETTING, O_RDONLY | O_CLOEXEC),
      attribute = open("/sys/kernel/mm", O_PATH | O_DIRECTORY);
  if (setting < 0) e2e_skip("no transparent huge pages");
  EXPECT(attribute >= 0);
  EXPECT(pread(setting, before, sizeof before - 1, 0) > 10);
  EXPECT_EQ(read(setting, after, 5), 5);
  DIR* directory = opendir("/sys/kernel");
  EXPECT(directory != NULL && readdir(directory) != NULL);
  e2e_ready_and_wait();
  EXPECT_EQ(lseek(setting, 0, SEEK_CUR), 5);
  EXPECT(read(setting, after + 5, sizeof after - 6) > 0);
  EXPECT(strcmp(before, after) == 0);
  EXPECT(readdir(directory) != NULL);
  EXPECT(faccessat(attribute, "transparent_hugepage", F_OK, 0) == 0);
  return e2e_ok();
}
