// A program whose file was removed.
#include "tests/e2e/programs/e2e.h"

static void copy(const char* from, const char* to) {
  static char buffer[1 << 16];
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
  ssize_t n;
  EXPECT(in >= 0 && out >= 0);
  while ((n = read(in, buffer, sizeof buffer)) > 0) EXPECT_EQ(write(out, buffer, n), n);
  EXPECT_EQ(n, 0);
  close(in);
  close(out);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  const char* program = e2e_file("program");
  if (argc == 2) {
    copy("/proc/self/exe", program);
    execl(program, program, argv[1], "again", NULL);
    EXPECT(!"it can be run");
  }
  EXPECT_EQ(unlink(program), 0);
  e2e_ready_and_wait();
  return e2e_ok();
}
