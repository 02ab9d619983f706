// Descriptors in flight: files, pipes, sockets; in a stream they come with their own bytes.
#include "tests/e2e/programs/unix_socket.h"

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int stream[2], packets[2], ends[2], carried[2], fds[8];
  char got[256];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets), 0);
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, carried), 0);
  EXPECT_EQ(pipe(ends), 0);
  int file = open(e2e_file("file"), O_RDWR | O_CREAT | O_APPEND, 0600);
  EXPECT_EQ(write(file, "0123456789", 10), 10);
  EXPECT_EQ(lseek(file, 4, SEEK_SET), 4);
  unix_write(carried[0], "within");
  EXPECT_EQ(write(ends[1], "piped", 5), 5);

  unix_write(stream[0], "plain");
  unix_send_fds(stream[0], "with two", (int[]){file, ends[0]}, 2);
  unix_write(stream[0], "between");
  unix_send_fds(stream[0], "with one", (int[]){carried[1]}, 1);
  unix_send_fds(stream[0], "another", (int[]){carried[1]}, 1);
  unix_write(stream[0], "end");
  unix_write(packets[0], "none");
  EXPECT_EQ(send(packets[0], "", 0, 0), 0);
  unix_send_fds(packets[0], "same", (int[]){ends[0], file, file}, 3);
  close(ends[0]);      // In flight only.
  close(carried[1]);   // Likewise, with data in it.

  e2e_ready_and_wait();

  EXPECT_EQ(unix_receive(stream[1], got, 3, fds, NULL), 0);
  EXPECT(strcmp(got, "pla") == 0);
  EXPECT_EQ(unix_receive(stream[1], got, 2, fds, NULL), 0);
  EXPECT_EQ(unix_receive(stream[1], got, 4, fds, NULL), 2);
  EXPECT(strcmp(got, "with") == 0);
  EXPECT_EQ(lseek(fds[0], 0, SEEK_CUR), 4);
  EXPECT_EQ(lseek(file, 6, SEEK_SET), 6);
  EXPECT_EQ(lseek(fds[0], 0, SEEK_CUR), 6);  // One open file description.
  int piped = fds[1];
  EXPECT_EQ(unix_receive(stream[1], got, 4, fds, NULL), 0);
  EXPECT(strcmp(got, " two") == 0);
  EXPECT_EQ(unix_receive(stream[1], got, 7, fds, NULL), 0);
  EXPECT(strcmp(got, "between") == 0);
  EXPECT_EQ(unix_receive(stream[1], got, sizeof got, fds, NULL), 1);
  EXPECT(strcmp(got, "with one") == 0);
  unix_expect_read(fds[0], "within");
  unix_expect_works(carried[0], fds[0]);
  unix_expect_works(fds[0], carried[0]);
  int first = fds[0];
  EXPECT_EQ(unix_receive(stream[1], got, sizeof got, fds, NULL), 1);
  EXPECT(strcmp(got, "another") == 0);
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), getpid(), 0, first, fds[0]), 0);
  unix_expect_read(stream[1], "end");

  EXPECT_EQ(unix_receive(packets[1], got, sizeof got, fds, NULL), 0);
  EXPECT(strcmp(got, "none") == 0);
  EXPECT_EQ(unix_receive(packets[1], got, sizeof got, fds, NULL), 0);
  EXPECT(strcmp(got, "") == 0);
  EXPECT_EQ(unix_receive(packets[1], got, sizeof got, fds, NULL), 3);
  EXPECT(strcmp(got, "same") == 0);
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), getpid(), 0, piped, fds[0]), 0);
  EXPECT_EQ(syscall(SYS_kcmp, getpid(), getpid(), 0, file, fds[2]), 0);
  EXPECT_EQ(read(fds[0], got, sizeof got), 5);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(read(piped, got, sizeof got), 1);
  return e2e_ok();
}
