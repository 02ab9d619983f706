// A System V segment shared by a process and its children, and one that a child alone has.
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "tests/e2e/programs/e2e.h"

enum { kBytes = 16 * 4096, kChildren = 3 };

struct board {
  int go;
  int own_ids[kChildren];
  int answers[kChildren];
  char text[kChildren][100];
};

static void child(int n, int id) {
  volatile struct board* board = shmat(id, NULL, 0);  // Its own, beside the inherited one.
  int own = shmget(IPC_PRIVATE, kBytes, IPC_CREAT | 0600);
  char* memory = shmat(own, NULL, 0);
  if (board == (void*)-1 || memory == (void*)-1) _exit(1);
  e2e_fill(memory, kBytes, n);
  if (shmctl(own, IPC_RMID, NULL) != 0) _exit(2);
  board->own_ids[n] = own;
  while (board->go == 0) e2e_pause_ms(3);
  struct shmid_ds status;
  if (shmctl(own, IPC_STAT, &status) != 0 || status.shm_nattch != 1) _exit(3);
  for (int i = 0; i < kBytes / 8; ++i)
    if (((uint64_t*)memory)[i] != (i + n) * 0x9e3779b97f4a7c15u) _exit(4);
  snprintf((char*)board->text[n], 100, "child %d", n);
  board->answers[n] = 1;
  while (board->go == 1) e2e_pause_ms(3);
  _exit(0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  key_t key = (key_t)(0x54000000 | (e2e_unique() & 0xffffff));
  int id = shmget(key, kBytes, IPC_CREAT | IPC_EXCL | 0600);
  EXPECT(id >= 0);
  struct board* shared = shmat(id, NULL, 0);
  volatile struct board* board = shared;
  EXPECT(shared != (void*)-1);
  for (int n = 0; n < kChildren; ++n)
    if (fork() == 0) child(n, id);
  for (int n = 0; n < kChildren; ++n)
    while (board->own_ids[n] == 0) e2e_pause_ms(1);
  e2e_ready_and_wait();
  EXPECT_EQ(shmget(key, 0, 0), id);
  struct shmid_ds status;
  EXPECT_EQ(shmctl(id, IPC_STAT, &status), 0);
  EXPECT_EQ(status.shm_nattch, 1 + 2 * kChildren);
  board->go = 1;
  for (int n = 0; n < kChildren; ++n) {
    for (int i = 0; i < 2000 && !board->answers[n]; ++i) e2e_pause_ms(1);
    char wanted[20];
    snprintf(wanted, sizeof wanted, "child %d", n);
    EXPECT(board->answers[n]);
    EXPECT_EQ(strcmp((char*)board->text[n], wanted), 0);
  }
  board->go = 2;
  for (int n = 0; n < kChildren; ++n) {
    int wait_status = -1;
    EXPECT(wait(&wait_status) > 0);
    EXPECT_EQ(wait_status, 0);
  }
  for (int n = 0; n < kChildren; ++n)  // Removed with their last users.
    EXPECT(shmctl(board->own_ids[n], IPC_STAT, &status) != 0);
  EXPECT_EQ(shmctl(id, IPC_STAT, &status), 0);
  EXPECT_EQ(status.shm_nattch, 1);
  EXPECT_EQ(shmctl(id, IPC_RMID, NULL), 0);
  return e2e_ok();
}
