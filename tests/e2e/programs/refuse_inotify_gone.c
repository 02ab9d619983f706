// A watch of a file that has no name any more, and that only a process outside of the job has open.
#include <sys/inotify.h>

#include "tests/e2e/programs/tree.h"

static int events, file;

static void outsider(long seconds) {
  tree_set_up();
  close(events);
  close(tree_word[0]);
  close(tree_word[1]);
  for (long i = 0; i < seconds * 100 && !e2e_go_exists(); ++i) e2e_pause_ms(10);
  EXPECT_EQ(write(file, "x", 1), 1);
}

static void between(long unused) {
  (void)unused;
  EXPECT(setsid() > 0);  // Else it would be an orphan of the job's.
  tree_fork(outsider, 60);
}

int main(int argc, char** argv) {
  tree_start(argc, argv);
  events = inotify_init1(IN_NONBLOCK);
  file = open(e2e_file("watched"), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(inotify_add_watch(events, e2e_file("watched"), IN_MODIFY), 1);
  EXPECT_EQ(unlink(e2e_file("watched")), 0);
  tree_reap(tree_fork(between, 0));
  close(file);
  tree_ready_and_wait(1);
  struct inotify_event event;
  for (int i = 0; read(events, &event, sizeof event) != sizeof event; ++i) {
    EXPECT(i < 1000);
    e2e_pause_ms(10);
  }
  return e2e_ok();
}
