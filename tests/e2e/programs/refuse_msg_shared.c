// A message queue that a process outside of the job used last.
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

static struct {
  long type;
  char text[8];
} message = {1, "outside"};

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int queue = msgget(IPC_PRIVATE, 0600);
  EXPECT(queue >= 0);
  pid_t between = fork();
  if (between == 0) {
    if (fork() != 0) _exit(0);
    EXPECT_EQ(msgsnd(queue, &message, sizeof message.text, 0), 0);
    msgrcv(queue, &message, sizeof message.text, 2, 0);  // Until the end.
    _exit(0);
  }
  EXPECT_EQ(waitpid(between, NULL, 0), between);
  struct msqid_ds state = {0};
  while (state.msg_qnum != 1) EXPECT_EQ(msgctl(queue, IPC_STAT, &state), 0);
  message.type = 7;
  EXPECT_EQ(msgsnd(queue, &message, sizeof message.text, 0), 0);
  EXPECT_EQ(msgrcv(queue, &message, sizeof message.text, 7, 0), sizeof message.text);
  pid_t sender = fork();  // The last to send is not of the job.
  if (sender == 0) {
    pid_t last = fork();
    if (last != 0) _exit(0);
    message.type = 9;
    EXPECT_EQ(msgsnd(queue, &message, sizeof message.text, 0), 0);
    while (msgctl(queue, IPC_STAT, &state) == 0) e2e_pause_ms(5);
    _exit(0);
  }
  EXPECT_EQ(waitpid(sender, NULL, 0), sender);
  while (state.msg_qnum != 2) EXPECT_EQ(msgctl(queue, IPC_STAT, &state), 0);
  e2e_ready_and_wait();
  EXPECT_EQ(msgctl(queue, IPC_STAT, &state), 0);
  EXPECT_EQ(state.msg_qnum, 2);
  EXPECT_EQ(msgctl(queue, IPC_RMID, NULL), 0);
  return e2e_ok();
}
