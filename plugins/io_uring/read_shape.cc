#include "plugins/io_uring/read_shape.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include "plugins/io_uring/ring_memory.h"

namespace tardigrade::io_uring {
namespace {

constexpr uintptr_t kNowhere = 8;  // An address at which nothing is mapped.

Error Refused(std::string what) {
  return Error(ErrorCode::kUnsupported, StrCat("an io_uring instance ", what));
}

// Shared with the process that does it.
struct Text {
  size_t bytes;
  char text[(size_t{1} << 20) - sizeof(size_t)];
};

// Between fork and exit: system calls alone.
[[noreturn]] void ShowOneMore(std::atomic_ref<uint32_t> moved, uint32_t by, const char* path,
                              Text& out) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const uint32_t before = moved.load();
  moved.store(before + by);
  for (ssize_t n = 1; n > 0 && out.bytes < sizeof(out.text);) {
    n = read(file, out.text + out.bytes, sizeof(out.text) - out.bytes);
    if (n > 0) out.bytes += static_cast<size_t>(n);
  }
  moved.store(before);
  _exit(0);
}

// fdinfo as it is while `moved` is greater by `by`.
Result<RingInfo> InfoWith(std::atomic_ref<uint32_t> moved, uint32_t by, int local_fd) {
  void* const at =
      mmap(nullptr, sizeof(Text), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error::Errno("memory for what an io_uring instance shows");
  Text& out = *static_cast<Text*>(at);
  const std::string path = StrCat("/proc/self/fdinfo/", local_fd);
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  if (child == 0) ShowOneMore(moved, by, path.c_str(), out);
  const Error failed = Error::Errno("making a process");
  while (child > 0 && waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  const std::string text(out.text, out.bytes);
  munmap(at, sizeof(Text));
  if (child < 0) return failed;
  return ParseRingInfo(text);
}

bool AnyPbuf(int local_fd, uint32_t groups) {
  struct Status {
    uint32_t group, head, reserved[8];
  };
  for (uint32_t group = 0; group < groups; ++group) {
    Status status = {.group = group, .head = 0, .reserved = {}};
    if (Register(local_fd, kRegisterPbufStatus, &status, 1) == 0) return true;
    // Of provided buffers that are no ring: EINVAL, which is also what kernels before 6.8 say of
    // all.
    if (errno == EINVAL && group > 0) return true;
    if (errno == EINVAL || errno == EEXIST) return false;
  }
  return false;
}

// The setup flags and registrations that a failing call gives away: io_uring/register.c and
// io_uring.c.
Status CheckRegistrations(int local_fd, bool frozen) {
  if (Register(local_fd, IORING_REGISTER_PROBE, nullptr, 1000) != 0 && errno == EACCES)
    return Refused(
        "is restricted (IORING_REGISTER_RESTRICTIONS), which the kernel does not show in detail; "
        "let the program go without");
  if (Register(local_fd, IORING_REGISTER_EVENTFD, reinterpret_cast<void*>(kNowhere), 1) != 0 &&
      errno == EBUSY)
    return Refused(
        "has a registered eventfd, and the kernel does not show which; unregister it first "
        "(IORING_UNREGISTER_EVENTFD)");
  // A look at all groups takes too long for a pause.
  if (AnyPbuf(local_fd, frozen ? 64 : 65536))
    return Refused(
        "has provided buffers, whose addresses the kernel does not show; unregister them first "
        "(IORING_UNREGISTER_PBUF_RING)");
  return Ok();
}

Status CheckFlags(int local_fd) {
  if (Enter(local_fd, 0) != 0 && errno == EBADFD)
    return Refused("is not enabled yet (IORING_SETUP_R_DISABLED); try again when it is");
  // Of a timeout that cannot be read, only an instance that polls for completions does not
  // complain.
  io_uring_getevents_arg arg = {};
  arg.ts = kNowhere;
  if (Enter(local_fd, 0, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg)) == 0)
    return Refused(
        "polls for completions (IORING_SETUP_IOPOLL), which cannot be saved yet; let the program "
        "set it up without");
  return Ok();
}

bool CanRead(const std::byte* at) {
  std::byte byte{};
  const iovec local{&byte, 1};
  const iovec remote{const_cast<std::byte*>(at), 1};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

// Without an array of indices fdinfo lists no SQEs.  Then there are twice as many pages of them,
// or, of one page, its second half is in use by the time so many were submitted.
Result<bool> HasLargeSqes(int local_fd, const RingInfo& info) {
  constexpr size_t kPage = 4096;
  const size_t small = info.sq_entries * sizeof(io_uring_sqe), large = 2 * small;
  void* const at =
      mmap(nullptr, large, PROT_READ | PROT_WRITE, MAP_SHARED, local_fd, IORING_OFF_SQES);
  if (at == MAP_FAILED) return Error::Errno("mapping the entries of an io_uring instance");
  const std::byte* const bytes = static_cast<const std::byte*>(at);
  bool is_large = CanRead(bytes + large - 1);
  if (is_large && large <= kPage)
    is_large = std::any_of(bytes + small, bytes + large,
                           [](std::byte byte) { return byte != std::byte{0}; });
  munmap(at, large);
  if (!is_large && large <= kPage && info.sq_tail <= info.sq_entries / 2)
    return Refused(
        "is new, and the kernel does not show how large its entries are (IORING_SETUP_SQE128); try "
        "again when it has been used");
  return is_large;
}

}  // namespace

bool HasSingleIssuer(int local_fd) {
  return Register(local_fd, IORING_REGISTER_PROBE, nullptr, 1000) != 0 && errno == EEXIST;
}

Status CheckSetup(int local_fd, const RingInfo& info, bool frozen) {
  if (info.has_sq_thread)
    return Refused(
        "has a thread of the kernel that submits (IORING_SETUP_SQPOLL), which cannot be saved yet; "
        "let the program set it up without (of libuv: UV_USE_IO_URING=0 in its environment)");
  if (info.busy_polls)
    return Refused(
        "polls network devices (IORING_REGISTER_NAPI), which cannot be saved; unregister it first "
        "(IORING_UNREGISTER_NAPI)");
  if (info.has_personalities)
    return Refused(
        "has registered credentials, which cannot be saved; unregister them first "
        "(IORING_UNREGISTER_PERSONALITY)");
  RETURN_IF_ERROR(CheckRegistrations(local_fd, frozen));
  return CheckFlags(local_fd);
}

// 1. How large entries are, and whether there is an array of indices, shows where entries are
// listed.
// 2. The heads and tails that are moved for that are at the same place whatever the shape.
Result<Shape> ReadShape(int local_fd, const RingInfo& info) {
  Shape shape{.sq_entries = info.sq_entries, .cq_entries = info.cq_entries};
  shape.single_issuer = HasSingleIssuer(local_fd);
  // Anybody else is turned away who would run the work that waits for the one
  // (io_allowed_run_tw()).
  shape.defers_work =
      shape.single_issuer && Enter(local_fd, 0, IORING_ENTER_GETEVENTS) != 0 && errno == EEXIST;
  ASSIGN_OR_RETURN(const io_uring_params params, ParamsOf(shape));
  // The smallest memory that it may have.
  const Shape smallest{
      .sq_entries = info.sq_entries, .cq_entries = info.cq_entries, .no_sq_array = true};
  ASSIGN_OR_RETURN(const RingMemory memory, RingMemory::MapRings(local_fd, smallest, params));
  RingInfo sqes = info;
  if (info.sq_head == info.sq_tail) {
    ASSIGN_OR_RETURN(sqes, InfoWith(memory.At(params.sq_off.tail), 1, local_fd));
  }
  RingInfo cqes = info;
  if (info.cq_head == info.cq_tail) {
    ASSIGN_OR_RETURN(cqes, InfoWith(memory.At(params.cq_off.head), ~uint32_t{0}, local_fd));
  }
  shape.no_sq_array = sqes.shown_sqes == 0;
  shape.large_sqes = sqes.large_sqes;
  shape.large_cqes = cqes.large_cqes;
  if (!shape.no_sq_array) return shape;
  ASSIGN_OR_RETURN(shape.large_sqes, HasLargeSqes(local_fd, info));
  return shape;
}

}  // namespace tardigrade::io_uring
