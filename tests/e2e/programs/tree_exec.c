// Children that have become other programs: a shell that waits for a child of its own.
#include "tests/e2e/programs/tree.h"

static int answer[2], go[2];

static void become_shell(long unused) {
  (void)unused;
  char command[256];
  snprintf(command, sizeof command,
           "x=before; (exec sleep 1000) & s=$!; echo up >&%d; read go <&%d; "
           "kill $s; wait $s; echo \"$x $? $$\" >&%d; exit 7",
           answer[1], go[0], answer[1]);
  execl("/bin/sh", "sh", "-c", command, NULL);
  e2e_fail("cannot execute a shell");
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  EXPECT(pipe(answer) == 0 && pipe(go) == 0);
  pid_t child = tree_fork(become_shell, 0);
  close(answer[1]);
  char text[64] = "", wanted[64];
  EXPECT_EQ(read(answer[0], text, 3), 3);
  e2e_ready_and_wait();
  EXPECT_EQ(write(go[1], "now\n", 4), 4);
  int status = tree_wait(child);
  EXPECT(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  snprintf(wanted, sizeof wanted, "before %d %d\n", 128 + SIGTERM, child);
  memset(text, 0, sizeof text);
  EXPECT_EQ(read(answer[0], text, sizeof text - 1), (ssize_t)strlen(wanted));
  EXPECT(strcmp(text, wanted) == 0);
  return e2e_ok();
}
