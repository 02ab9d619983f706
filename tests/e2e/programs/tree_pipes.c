// Pipes between processes, with data under way; the end comes when the last writer is gone.
#include "tests/e2e/programs/tree.h"

enum { kBytes = 40000 };

static int down[2], up[2];
static char text[kBytes], got[kBytes];

// Sends back what comes, inverted.
static void echo(long unused) {
  (void)unused;
  close(down[1]);
  close(up[0]);
  tree_set_up_and_wait();
  ssize_t n;
  while ((n = read(down[0], got, sizeof got)) > 0) {
    for (ssize_t i = 0; i < n; ++i) got[i] = ~got[i];
    EXPECT_EQ(write(up[1], got, n), n);
  }
  EXPECT_EQ(n, 0);
}

// Holds the write end and says goodbye.
static void hold(long unused) {
  (void)unused;
  close(down[0]);
  close(down[1]);
  close(up[0]);
  EXPECT_EQ(write(up[1], "early", 5), 5);
  tree_set_up_and_wait();
}

static void read_all(size_t bytes) {
  size_t done = 0;
  ssize_t n;
  while (done < bytes && (n = read(up[0], got + done, bytes - done)) > 0) done += n;
  EXPECT_EQ(done, bytes);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT(pipe(down) == 0 && pipe(up) == 0);
  pid_t holder = tree_fork(hold, 0);
  tree_await(1);
  pid_t child = tree_fork(echo, 0);
  close(down[0]);
  close(up[1]);
  e2e_fill(text, sizeof text, 4);
  EXPECT_EQ(write(down[1], text, sizeof text), sizeof text);
  tree_ready_and_wait(1);
  read_all(5);
  EXPECT(memcmp(got, "early", 5) == 0);
  read_all(sizeof got);
  for (size_t i = 0; i < sizeof got; ++i) EXPECT_EQ((char)~got[i], text[i]);
  close(down[1]);
  tree_reap(child);
  tree_reap(holder);
  EXPECT_EQ(read(up[0], got, 1), 0);
  return e2e_ok();
}
