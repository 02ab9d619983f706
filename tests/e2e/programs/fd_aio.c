// Asynchronous I/O contexts: under their numbers, with events that nobody has taken yet, and they work.
#include <sys/eventfd.h>

#include "tests/e2e/programs/e2e.h"

// linux/aio_abi.h, which not every C library comes with.
typedef unsigned long aio_context_t;
struct iocb {
  uint64_t aio_data;
  uint32_t aio_key, aio_rw_flags;
  uint16_t aio_lio_opcode;
  int16_t aio_reqprio;
  uint32_t aio_fildes;
  uint64_t aio_buf, aio_nbytes;
  int64_t aio_offset;
  uint64_t aio_reserved2;
  uint32_t aio_flags, aio_resfd;
};
struct io_event {
  uint64_t data, obj;
  int64_t res, res2;
};
enum { IOCB_CMD_PREAD = 0, IOCB_FLAG_RESFD = 1 };

static int file;
static char text[4096];

static void submit(aio_context_t context, uint64_t data, size_t bytes, int event) {
  struct iocb request = {.aio_data = data,
                         .aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = (uint32_t)file,
                         .aio_buf = (uintptr_t)text,
                         .aio_nbytes = bytes};
  if (event >= 0) request.aio_flags = IOCB_FLAG_RESFD, request.aio_resfd = (uint32_t)event;
  struct iocb* list[] = {&request};
  EXPECT_EQ(syscall(SYS_io_submit, context, 1L, list), 1);
}

static void take(aio_context_t context, uint64_t first, int count) {
  for (int i = 0; i < count; ++i) {
    struct io_event event;
    struct timespec soon = {5, 0};
    EXPECT_EQ(syscall(SYS_io_getevents, context, 1L, 1L, &event, &soon), 1);
    EXPECT_EQ(event.data, first + (uint64_t)i);
    EXPECT_EQ(event.res, event.data % 100);
  }
}

static void expect_none(aio_context_t context) {
  struct io_event event;
  struct timespec now = {0, 0};
  EXPECT_EQ(syscall(SYS_io_getevents, context, 0L, 1L, &event, &now), 0);
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  file = open(e2e_file("data"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  EXPECT(file >= 0 && ftruncate(file, 4096) == 0);
  aio_context_t small = 0, large = 0, fresh = 0;
  if (syscall(SYS_io_setup, 4L, &small) != 0) e2e_skip("no asynchronous I/O here");
  EXPECT_EQ(syscall(SYS_io_setup, 1000L, &large), 0);
  EXPECT_EQ(syscall(SYS_io_setup, 1L, &fresh), 0);
  int event = eventfd(0, EFD_CLOEXEC);
  // Around the end of the ring, and some left.
  uint64_t done = 0;
  for (; done < 300; ++done) {
    submit(small, done, done % 100, -1);
    if (done >= 20) take(small, done - 20, 1);
  }
  for (uint64_t i = 0; i < 70; ++i) submit(large, 5000 + i, i, -1);
  take(large, 5000, 64);
  e2e_ready_and_wait();
  take(small, done - 20, 20);
  take(large, 5064, 6);
  for (int round = 0; round < 500; ++round) {
    const aio_context_t all[] = {small, large, fresh};
    for (int i = 0; i < 3; ++i) {
      expect_none(all[i]);
      submit(all[i], 7000 + round, round % 100, event);
      take(all[i], 7000 + round, 1);
    }
  }
  uint64_t count = 0;
  EXPECT(read(event, &count, 8) == 8 && count == 1500);
  EXPECT_EQ(syscall(SYS_io_destroy, large), 0);
  EXPECT(syscall(SYS_io_destroy, large) == -1 && errno == EINVAL);
  EXPECT_EQ(syscall(SYS_io_destroy, small), 0);
  return e2e_ok();
}
