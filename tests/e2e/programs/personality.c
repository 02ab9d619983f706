// The execution domain's flags.
#include <sys/personality.h>

#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int wanted = ADDR_NO_RANDOMIZE | SHORT_INODE | 0x0020000 /* UNAME26 */;
  EXPECT(personality(wanted) >= 0);
  e2e_ready_and_wait();
  EXPECT_EQ(personality(0xffffffff), wanted);
  return e2e_ok();
}
