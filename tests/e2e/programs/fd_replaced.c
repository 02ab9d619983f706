// Files whose names lead to other files now: one that has no name left, one that has another in the same
// directory.  Descriptors and mappings go on with the old ones, and the new ones are left alone.
#include "tests/e2e/programs/e2e.h"

static void make(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  EXPECT_EQ(write(fd, text, strlen(text)), strlen(text));
  EXPECT_EQ(ftruncate(fd, 8192), 0);
  close(fd);
}

static void expect_begins(const char* path, const char* text) {
  char now[64] = "";
  EXPECT(e2e_read_file(path, now, sizeof now) > 0);
  if (strcmp(now, text) != 0) e2e_fail("%s begins with \"%s\", not \"%s\"", path, now, text);
}

static char* map(const char* path, int flags) {
  int fd = open(path, O_RDWR);
  char* memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, flags, fd, 0);
  EXPECT(memory != MAP_FAILED);
  close(fd);
  return memory;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  // Replaced by rename(2): an editor's way.
  make(e2e_file("gone"), "old gone");
  int gone = open(e2e_file("gone"), O_RDWR);
  char* gone_shared = map(e2e_file("gone"), MAP_SHARED);
  char* gone_private = map(e2e_file("gone"), MAP_PRIVATE);
  gone_private[0] = 'p';
  make(e2e_file("new"), "new gone");
  EXPECT_EQ(rename(e2e_file("new"), e2e_file("gone")), 0);
  // Kept under another name: a log's way.
  make(e2e_file("log"), "old log");
  int log = open(e2e_file("log"), O_RDWR | O_APPEND);
  char* log_shared = map(e2e_file("log"), MAP_SHARED);
  EXPECT_EQ(link(e2e_file("log"), e2e_file("log.1")), 0);
  EXPECT_EQ(unlink(e2e_file("log")), 0);
  make(e2e_file("log"), "new log");
  // The same, of which only a mapping knows.
  make(e2e_file("data"), "old data");
  char* data = map(e2e_file("data"), MAP_SHARED);
  EXPECT_EQ(link(e2e_file("data"), e2e_file("data.1")), 0);
  EXPECT_EQ(unlink(e2e_file("data")), 0);
  make(e2e_file("data"), "new data");
  e2e_ready_and_wait();
  char text[16] = "";
  EXPECT_EQ(pread(gone, text, 8, 0), 8);
  EXPECT(strcmp(text, "old gone") == 0);
  EXPECT(strcmp(gone_private, "pld gone") == 0);
  EXPECT_EQ(pwrite(gone, "OLD", 3, 0), 3);
  EXPECT(strcmp(gone_shared, "OLD gone") == 0);
  expect_begins(e2e_file("gone"), "new gone");
  EXPECT_EQ(write(log, "more", 4), 4);
  log_shared[0] = 'O';
  expect_begins(e2e_file("log.1"), "Old log");
  expect_begins(e2e_file("log"), "new log");
  struct stat st;
  EXPECT_EQ(stat(e2e_file("log.1"), &st), 0);
  EXPECT_EQ(st.st_size, 8196);
  data[0] = 'O';
  expect_begins(e2e_file("data.1"), "Old data");
  expect_begins(e2e_file("data"), "new data");
  return e2e_ok();
}
