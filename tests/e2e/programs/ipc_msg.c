// A System V message queue with messages of several types, and one that is empty.
#include <sys/ipc.h>
#include <sys/msg.h>

#include "tests/e2e/programs/e2e.h"

struct message {
  long type;
  char text[8192];
};
static struct message buffer;

static void put(int queue, long type, char fill, size_t size) {
  buffer.type = type;
  memset(buffer.text, fill, size);
  EXPECT_EQ(msgsnd(queue, &buffer, size, IPC_NOWAIT), 0);
}
static void get(int queue, long wanted, long type, char fill, size_t size) {
  EXPECT_EQ(msgrcv(queue, &buffer, sizeof buffer.text, wanted, IPC_NOWAIT), (long long)size);
  EXPECT_EQ(buffer.type, type);
  for (size_t i = 0; i < size; ++i) EXPECT_EQ(buffer.text[i], fill);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  key_t key = (key_t)(0x53000000 | (e2e_unique() & 0xffffff));
  int queue = msgget(key, IPC_CREAT | IPC_EXCL | 0660);
  int empty = msgget(IPC_PRIVATE, 0600);
  EXPECT(queue >= 0 && empty >= 0);
  put(empty, 4, 'x', 3);
  get(empty, 0, 4, 'x', 3);
  struct msqid_ds status;
  EXPECT_EQ(msgctl(queue, IPC_STAT, &status), 0);
  size_t limit = status.msg_qbytes = status.msg_qbytes - 1000;
  EXPECT_EQ(msgctl(queue, IPC_SET, &status), 0);
  put(queue, 1, 'a', 100);
  put(queue, 2, 'b', 8000);
  put(queue, 1, 'c', 0);
  put(queue, 1, 'd', 5);
  put(queue, 0x123456789abcdef, 'e', 11);
  e2e_ready_and_wait();
  EXPECT_EQ(msgget(key, 0), queue);
  EXPECT_EQ(msgctl(queue, IPC_STAT, &status), 0);
  EXPECT_EQ(status.msg_qbytes, limit);
  EXPECT_EQ(status.msg_qnum, 5);
  EXPECT_EQ(status.msg_perm.mode & 0777, 0660);
  EXPECT_EQ(status.msg_lspid, getpid());
  EXPECT_EQ(status.msg_lrpid, 0);
  EXPECT_EQ(msgctl(empty, IPC_STAT, &status), 0);
  EXPECT_EQ(status.msg_lspid, getpid());
  EXPECT_EQ(status.msg_lrpid, getpid());
  EXPECT_EQ(status.msg_qnum, 0);
  get(queue, 2, 2, 'b', 8000);
  get(queue, 0, 1, 'a', 100);
  get(queue, 0, 1, 'c', 0);
  get(queue, -5, 1, 'd', 5);
  get(queue, 0, 0x123456789abcdef, 'e', 11);
  EXPECT(msgrcv(queue, &buffer, 10, 0, IPC_NOWAIT) < 0 && errno == ENOMSG);
  EXPECT_EQ(msgctl(queue, IPC_RMID, NULL), 0);
  EXPECT_EQ(msgctl(empty, IPC_RMID, NULL), 0);
  return e2e_ok();
}
