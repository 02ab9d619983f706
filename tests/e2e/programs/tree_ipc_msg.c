// Message queues between processes: with messages under way, and with a receiver that waits.
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

struct message {
  long type;
  int number;
};
static int requests, answers;

static void put(int queue, long type, int number) {
  struct message message = {.type = type, .number = number};
  if (msgsnd(queue, &message, sizeof message.number, 0) != 0) _exit(11);
}
static int get(int queue, long type) {
  struct message message = {0};
  if (msgrcv(queue, &message, sizeof message.number, type, 0) != sizeof message.number) return -1;
  return message.number;
}

// Doubles numbers: those of type 1, in order.
static void server(void) {
  for (int number; (number = get(requests, 1)) > 0;) put(answers, 7, 2 * number);
  _exit(0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  requests = msgget(IPC_PRIVATE, 0600);
  answers = msgget(IPC_PRIVATE, 0600);
  EXPECT(requests >= 0 && answers >= 0);
  pid_t child = fork();
  if (child == 0) server();
  for (int i = 1; i <= 5; ++i) put(requests, 1, i);
  put(requests, 2, 77);  // Nobody takes it.
  EXPECT_EQ(get(answers, 0), 2);
  struct msqid_ds status;
  do EXPECT_EQ(msgctl(answers, IPC_STAT, &status), 0);
  while (status.msg_qnum != 4);
  e2e_ready_and_wait();
  EXPECT_EQ(msgctl(answers, IPC_STAT, &status), 0);
  EXPECT_EQ(status.msg_lspid, child);
  EXPECT_EQ(status.msg_lrpid, getpid());
  EXPECT_EQ(status.msg_qnum, 4);
  EXPECT_EQ(msgctl(requests, IPC_STAT, &status), 0);
  EXPECT_EQ(status.msg_lspid, getpid());
  EXPECT_EQ(status.msg_lrpid, child);
  EXPECT_EQ(status.msg_qnum, 1);
  put(requests, 1, 6);
  for (int i = 2; i <= 6; ++i) EXPECT_EQ(get(answers, 7), 2 * i);
  EXPECT_EQ(get(requests, 2), 77);
  put(requests, 1, -1);
  int wait_status = -1;
  EXPECT_EQ(waitpid(child, &wait_status, 0), child);
  EXPECT_EQ(wait_status, 0);
  EXPECT_EQ(msgctl(requests, IPC_RMID, NULL), 0);
  EXPECT_EQ(msgctl(answers, IPC_RMID, NULL), 0);
  return e2e_ok();
}
