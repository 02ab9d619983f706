// io_uring as the kernel has it: linux/io_uring.h, which not every C library comes with, and a little of what
// liburing does.
#ifndef TESTS_E2E_PROGRAMS_IO_URING_H_
#define TESTS_E2E_PROGRAMS_IO_URING_H_

#include <sys/uio.h>

#include "tests/e2e/programs/e2e.h"

struct uring_sqe {
  uint8_t opcode, flags;
  uint16_t ioprio;
  int32_t fd;
  uint64_t off, addr;
  uint32_t len, op_flags;
  uint64_t user_data;
  uint16_t buf_index, personality;
  int32_t splice_fd;
  uint64_t addr3, pad;
};
struct uring_cqe {
  uint64_t user_data;
  int32_t res;
  uint32_t flags;
};
struct uring_params {
  uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
  struct {
    uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
    uint64_t user_addr;
  } sq_off;
  struct {
    uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
    uint64_t user_addr;
  } cq_off;
};
enum { URING_NOP = 0, URING_READ_FIXED = 4, URING_POLL_ADD = 6, URING_TIMEOUT = 11, URING_READ = 22, URING_WRITE = 23 };
enum { URING_FIXED_FILE = 1, URING_ASYNC = 16 };
enum {
  URING_IOPOLL = 1,
  URING_SQPOLL = 2,
  URING_R_DISABLED = 1 << 6,
  URING_SQE128 = 1 << 10,
  URING_CQE32 = 1 << 11,
  URING_SINGLE_ISSUER = 1 << 12,
  URING_DEFER_TASKRUN = 1 << 13,
  URING_NO_SQARRAY = 1 << 16,
};
enum {
  URING_REGISTER_BUFFERS = 0,
  URING_REGISTER_FILES = 2,
  URING_REGISTER_EVENTFD = 4,
  URING_REGISTER_RING_FDS = 20,
  URING_REGISTER_PBUF_RING = 22,
};

struct uring {
  int fd;
  struct uring_params params;
  char *rings, *sqes;
  size_t sqe_bytes, cqe_bytes;
  uint32_t tail;  // Of what was prepared, as liburing keeps it.
};

E2E_FN uint32_t* uring_at(const struct uring* ring, uint32_t offset) { return (uint32_t*)(ring->rings + offset); }

// 0 if the kernel makes none of this kind.
E2E_FN int uring_try(struct uring* ring, uint32_t entries, uint32_t flags) {
  memset(ring, 0, sizeof *ring);
  ring->params.flags = flags;
  ring->fd = (int)syscall(SYS_io_uring_setup, entries, &ring->params);
  if (ring->fd < 0 && (errno == ENOSYS || errno == EPERM)) e2e_skip("io_uring is switched off here");
  if (ring->fd < 0) return 0;
  const struct uring_params* p = &ring->params;
  ring->sqe_bytes = flags & URING_SQE128 ? 128 : 64;
  ring->cqe_bytes = flags & URING_CQE32 ? 32 : 16;
  size_t bytes = p->cq_off.cqes + p->cq_entries * ring->cqe_bytes;
  if (!(flags & URING_NO_SQARRAY)) bytes = p->sq_off.array + p->sq_entries * 4;
  ring->rings = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, 0);
  ring->sqes = mmap(NULL, p->sq_entries * ring->sqe_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, 0x10000000);
  EXPECT(ring->rings != MAP_FAILED && ring->sqes != MAP_FAILED);
  return 1;
}

E2E_FN void uring_make(struct uring* ring, uint32_t entries, uint32_t flags) {
  if (!uring_try(ring, entries, flags)) e2e_skip("the kernel has no io_uring of this kind");
}

E2E_FN struct uring_sqe* uring_prepare(struct uring* ring, int opcode, int fd, const void* at, uint32_t bytes, uint64_t offset, uint64_t data) {
  uint32_t index = ring->tail & (ring->params.sq_entries - 1);
  struct uring_sqe* sqe = (struct uring_sqe*)(ring->sqes + index * ring->sqe_bytes);
  memset(sqe, 0, ring->sqe_bytes);
  sqe->opcode = (uint8_t)opcode;
  sqe->fd = fd;
  sqe->addr = (uintptr_t)at;
  sqe->len = bytes;
  sqe->off = offset;
  sqe->user_data = data;
  if (!(ring->params.flags & URING_NO_SQARRAY)) uring_at(ring, ring->params.sq_off.array)[index] = index;
  ++ring->tail;
  __atomic_store_n(uring_at(ring, ring->params.sq_off.tail), ring->tail, __ATOMIC_RELEASE);
  return sqe;
}

E2E_FN void uring_enter(const struct uring* ring, uint32_t submit, uint32_t wait) {
  long done;
  do done = syscall(SYS_io_uring_enter, ring->fd, submit, wait, 1 /* GETEVENTS */, NULL, 0L);
  while (done < 0 && errno == EINTR);
  EXPECT_EQ(done, submit);
}

E2E_FN uint32_t uring_waiting(const struct uring* ring) {
  return __atomic_load_n(uring_at(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) - *uring_at(ring, ring->params.cq_off.head);
}

// Takes the oldest completion.
E2E_FN void uring_take(const struct uring* ring, uint64_t data, int32_t res) {
  if (uring_waiting(ring) == 0) uring_enter(ring, 0, 1);
  uint32_t* head = uring_at(ring, ring->params.cq_off.head);
  uint32_t index = *head & (ring->params.cq_entries - 1);
  const struct uring_cqe* cqe = (const struct uring_cqe*)(ring->rings + ring->params.cq_off.cqes + index * ring->cqe_bytes);
  EXPECT_EQ(cqe->user_data, data);
  EXPECT_EQ(cqe->res, res);
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
}

// Requests that do nothing, from `data` on, one after the other.
E2E_FN void uring_nothings(struct uring* ring, uint64_t data, int count) {
  for (int i = 0; i < count; ++i) {
    uring_prepare(ring, URING_NOP, -1, NULL, 0, 0, data + (uint64_t)i);
    uring_enter(ring, 1, 1);
    uring_take(ring, data + (uint64_t)i, 0);
  }
}

E2E_FN long uring_register(const struct uring* ring, int op, const void* arg, uint32_t count) {
  return syscall(SYS_io_uring_register, ring->fd, op, arg, count);
}

#endif  // TESTS_E2E_PROGRAMS_IO_URING_H_
