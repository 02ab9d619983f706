// A pipe in packet mode keeps the bounds of its packets.
#include "tests/e2e/programs/e2e.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  static char packet[5000], got[5000];
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_DIRECT), 0);
  static const int sizes[] = {1, 17, 4096, 300, 4095};
  for (int i = 0; i < 5; ++i) {
    memset(packet, 'a' + i, sizes[i]);
    EXPECT_EQ(write(ends[1], packet, sizes[i]), sizes[i]);
  }
  e2e_ready_and_wait();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(read(ends[0], got, sizeof got), sizes[i]);
    EXPECT(got[0] == 'a' + i && got[sizes[i] - 1] == 'a' + i);
  }
  EXPECT(fcntl(ends[1], F_GETFL) & O_DIRECT);
  EXPECT_EQ(write(ends[1], "ab", 2), 2);
  EXPECT_EQ(write(ends[1], "c", 1), 1);
  EXPECT_EQ(read(ends[0], got, sizeof got), 2);
  return e2e_ok();
}
