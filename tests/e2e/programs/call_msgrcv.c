// msgrcv, which the kernel never restarts, waits for its message.
#include <sys/ipc.h>
#include <sys/msg.h>

#include "tests/e2e/programs/timed_call.h"

struct message {
  long type;
  char text[8];
};
static int queue;
static void call(void) {
  struct message message = {0};
  EXPECT_EQ(msgrcv(queue, &message, sizeof message.text, 3, 0), 8);
  EXPECT(strcmp(message.text, "tardigr") == 0);
}
static void wake(void) {
  struct message message = {.type = 3, .text = "tardigr"};
  EXPECT_EQ(msgsnd(queue, &message, sizeof message.text, 0), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  EXPECT((queue = msgget(IPC_PRIVATE, 0600)) >= 0);
  woken_call(call, wake);
  msgctl(queue, IPC_RMID, NULL);
  return e2e_ok();
}
