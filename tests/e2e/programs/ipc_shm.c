// System V shared memory: several attachments, one read-only, one of a removed segment, one in pieces,
// and a segment that nobody has attached; ids, keys, owners, modes and contents.
#include <sys/ipc.h>
#include <sys/shm.h>

#include "tests/e2e/programs/e2e.h"

enum { kBytes = 64 * 4096, kOdd = 10000 };

static struct shmid_ds status(int id) {
  struct shmid_ds segment;
  EXPECT_EQ(shmctl(id, IPC_STAT, &segment), 0);
  return segment;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int twice = shmget(IPC_PRIVATE, kBytes, IPC_CREAT | 0600);
  char* writable = shmat(twice, NULL, 0);
  char* readable = shmat(twice, NULL, SHM_RDONLY);
  EXPECT(writable != (void*)-1 && readable != (void*)-1);
  e2e_fill(writable, 20 * 4096, 1);
  // In pieces: a hole, and a part that may not be written.
  char* pieces = shmat(twice, NULL, 0);
  EXPECT_EQ(munmap(pieces + 10 * 4096, 4 * 4096), 0);
  EXPECT_EQ(mprotect(pieces + 30 * 4096, 4096, PROT_READ), 0);

  key_t key = (key_t)(0x51000000 | (e2e_unique() & 0xffffff));
  int odd = shmget(key, kOdd, IPC_CREAT | IPC_EXCL | 0640);
  EXPECT(odd >= 0);
  char* removed = shmat(odd, NULL, 0);
  memset(removed, 'r', 12288);  // Also behind its end, which is no page boundary.
  EXPECT_EQ(shmctl(odd, IPC_RMID, NULL), 0);

  key_t other_key = key ^ 0x800000;
  int detached = shmget(other_key, kBytes, IPC_CREAT | IPC_EXCL | 0600);
  EXPECT(detached >= 0);
  char* gone = shmat(detached, NULL, 0);
  e2e_fill(gone + kBytes / 2, kBytes / 2, 2);
  EXPECT_EQ(shmdt(gone), 0);
  struct shmid_ds before = status(twice);

  e2e_ready_and_wait();

  struct shmid_ds after = status(twice);
  EXPECT_EQ(after.shm_segsz, kBytes);
  EXPECT_EQ(after.shm_nattch, before.shm_nattch);
  EXPECT_EQ(after.shm_perm.mode, before.shm_perm.mode);
  EXPECT_EQ(after.shm_perm.uid, getuid());
  e2e_check_fill(writable, 20 * 4096, 1);
  e2e_check_fill(readable, 20 * 4096, 1);
  EXPECT_EQ(readable[40 * 4096], 0);
  pieces[50 * 4096] = 7;
  EXPECT_EQ(readable[50 * 4096], 7);
  EXPECT(mprotect(readable, 4096, PROT_READ | PROT_WRITE) != 0 && errno == EACCES);
  EXPECT_EQ(mprotect(pieces + 30 * 4096, 4096, PROT_READ | PROT_WRITE), 0);
  unsigned char there;
  EXPECT(mincore(pieces + 10 * 4096, 4096, &there) != 0 && errno == ENOMEM);
  EXPECT_EQ(shmdt(readable), 0);
  EXPECT_EQ(status(twice).shm_nattch, before.shm_nattch - 1);
  EXPECT_EQ(shmdt(writable), 0);
  EXPECT_EQ(shmdt(pieces), 0);
  EXPECT_EQ(status(twice).shm_nattch, 0);
  EXPECT_EQ(shmctl(twice, IPC_RMID, NULL), 0);

  struct shmid_ds marked = status(odd);
  EXPECT((marked.shm_perm.mode & SHM_DEST) != 0);
  EXPECT_EQ(marked.shm_segsz, kOdd);
  for (int i = 0; i < 12288; ++i) EXPECT_EQ(removed[i], 'r');
  EXPECT(shmget(key, 0, 0) < 0 && errno == ENOENT);
  EXPECT_EQ(shmdt(removed), 0);
  EXPECT(shmctl(odd, IPC_STAT, &marked) != 0 && errno == EINVAL);

  EXPECT_EQ(shmget(other_key, 0, 0), detached);
  gone = shmat(detached, NULL, SHM_RDONLY);
  EXPECT(gone != (void*)-1);
  e2e_check_fill(gone + kBytes / 2, kBytes / 2, 2);
  EXPECT_EQ(gone[100], 0);
  EXPECT_EQ(shmctl(detached, IPC_RMID, NULL), 0);
  return e2e_ok();
}
