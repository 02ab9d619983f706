#include "plugins/io_uring/io_uring_kind.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "plugins/io_uring/in_flight.h"
#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/read_shape.h"
#include "plugins/io_uring/ring_info.h"
#include "plugins/io_uring/ring_key.h"
#include "plugins/io_uring/ring_memory.h"
#include "plugins/io_uring/wind.h"

namespace tardigrade::io_uring {
namespace {

bool IsSameDescription(const FdFacts& a, const FdFacts& b) {
  return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a.local_fd, b.local_fd) == 0;
}

// All instances had one inode before Linux 5.19.
Status CheckInode(const FdFacts& file, std::span<const FdFacts> all) {
  for (const FdFacts& other : all) {
    if (other.link == kLink && other.stat.st_ino == file.stat.st_ino &&
        !IsSameDescription(file, other))
      return Error(ErrorCode::kUnsupported,
                   "there are several io_uring instances, and this kernel does not tell which "
                   "memory is whose; "
                   "snapshot under Linux 5.19 or later");
  }
  return Ok();
}

// As /proc shows a path in fdinfo: blanks and backslashes in octal.  fs/seq_file.c, mangle_path().
std::string Escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
      out += '\\';
      for (const int shift : {6, 3, 0}) out += static_cast<char>('0' + (byte >> shift & 7));
    } else {
      out += c;
    }
  }
  return out;
}

// The descriptor of the process that a registered file is known by: the kernel shows the path
// alone.
Result<int32_t> FindFile(const std::string& path, const FdFacts& ring,
                         std::span<const FdFacts> all) {
  const FdFacts* found = nullptr;
  for (const FdFacts& file : all) {
    if (file.pid != ring.pid || file.fd < 0 || Escaped(file.link) != path) continue;
    if (found != nullptr && !IsSameDescription(*found, file))
      return Error(ErrorCode::kUnsupported,
                   StrCat("an io_uring instance has the file ", path,
                          " registered, which is open as fd ", found->fd, " and as another, fd ",
                          file.fd, ": it cannot be told which it is; close one first"));
    if (found == nullptr || file.fd < found->fd) found = &file;
  }
  if (found != nullptr) return found->fd;
  return Error(
      ErrorCode::kUnsupported,
      StrCat(
          "an io_uring instance has the file ", path,
          " registered, of which the process has no "
          "descriptor (any more); keep it open, or unregister it first (IORING_UNREGISTER_FILES)"));
}

Result<std::vector<int32_t>> FindFiles(const RingInfo& info, const FdFacts& ring,
                                       std::span<const FdFacts> all) {
  std::vector<int32_t> files;
  for (const std::optional<std::string>& path : info.files) {
    files.push_back(-1);
    if (!path.has_value()) continue;
    ASSIGN_OR_RETURN(files.back(), FindFile(*path, ring, all));
  }
  return files;
}

Status CheckBuffers(const RingInfo& info) {
  for (const RingInfo::Buffer& buffer : info.buffers) {
    if (buffer.bytes != 0 && buffer.address == 0)
      return Error(ErrorCode::kUnsupported,
                   "an io_uring instance has a driver's buffer registered, which cannot be saved; "
                   "unregister it first");
  }
  return Ok();
}

Status CheckFrozen(const FdFacts& file, const RingInfo& info) {
  ASSIGN_OR_RETURN(const Shape shape, ReadShape(file.local_fd, info));
  ASSIGN_OR_RETURN(const io_uring_params params, ParamsOf(shape));
  ASSIGN_OR_RETURN(const RingMemory memory, RingMemory::Map(file.local_fd, shape, params));
  RETURN_IF_ERROR(CheckSubmissions(info, memory));
  return CheckIdle(info, memory);
}

Result<Value> CollectRing(const FdFacts& file, const RingInfo& info, CollectContext& context) {
  RingState state;
  ASSIGN_OR_RETURN(state.shape, ReadShape(file.local_fd, info));
  ASSIGN_OR_RETURN(const io_uring_params params, ParamsOf(state.shape));
  ASSIGN_OR_RETURN(const RingMemory memory, RingMemory::Map(file.local_fd, state.shape, params));
  state.features = params.features;
  state.offsets = RingMemory::Offsets(params);
  state.sq_head = info.cached_sq_head;
  state.sq_tail = info.sq_tail;
  state.cq_head = info.cq_head;
  state.cq_tail = info.cached_cq_tail;
  state.sq_dropped = memory.At(params.sq_off.dropped).load();
  state.cq_overflow = memory.At(params.cq_off.overflow).load();
  state.cq_flags = memory.At(params.cq_off.flags).load();
  ASSIGN_OR_RETURN(state.rings, context.attachments().Put(memory.rings()));
  ASSIGN_OR_RETURN(state.sqes, context.attachments().Put(memory.sqes()));
  constexpr uint64_t kLong = 10;
  if (SecondsToWind(state) > kLong)
    context.Warn(StrCat("an io_uring instance has completed ", state.cq_tail,
                        " requests: a restore takes about ", SecondsToWind(state),
                        " s longer, as the kernel counts again"));
  return Encode(state);
}

}  // namespace

Status IoUringKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(CheckInode(file, all));
  const Result<RingInfo> info = ReadRingInfo(file.local_fd);
  if (!info.has_value() && info.error().errno_value() == EBUSY && !file.frozen) return Ok();
  RETURN_IF_ERROR(info);
  RETURN_IF_ERROR(CheckSetup(file.local_fd, info.value(), file.frozen));
  RETURN_IF_ERROR(CheckBuffers(info.value()));
  RETURN_IF_ERROR(FindFiles(info.value(), file, all));
  return file.frozen ? CheckFrozen(file, info.value()) : Ok();
}

Result<Value> IoUringKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                   CollectContext& context) const {
  ASSIGN_OR_RETURN(const RingInfo info, ReadRingInfo(file.local_fd));
  IoUringState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = RingKey(file.stat.st_ino);
  RETURN_IF_ERROR(
      context.AddObject(state.object, "io_uring", [&] { return CollectRing(file, info, context); }),
      "saving an io_uring instance");
  for (const RingInfo::Buffer& buffer : info.buffers)
    state.buffers.push_back({.address = buffer.address, .bytes = buffer.bytes});
  ASSIGN_OR_RETURN(state.files, FindFiles(info, file, all));
  return Encode(state);
}

Result<ScopedFd> IoUringKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const IoUringState state, Decode<IoUringState>(value, "io_uring"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ScopedFd ring(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!ring.valid()) return Error::Errno("duplicating an io_uring instance");
  RETURN_IF_ERROR(SetStatusFlags(ring.get(), state.open.flags));
  return ring;
}

Status IoUringKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const IoUringState state, Decode<IoUringState>(value, "io_uring"));
  std::vector<iovec> buffers;
  for (const BufferState& buffer : state.buffers)
    buffers.push_back({.iov_base = reinterpret_cast<void*>(buffer.bytes == 0 ? 0 : buffer.address),
                       .iov_len = buffer.bytes});
  if (!buffers.empty())
    plan.Add("registering buffers of an io_uring instance (RLIMIT_MEMLOCK)", SYS_io_uring_register,
             {fd, uint32_t{IORING_REGISTER_BUFFERS}, Arg::Bytes(std::as_bytes(std::span(buffers))),
              buffers.size()});
  if (!state.files.empty())
    plan.Add("registering files of an io_uring instance", SYS_io_uring_register,
             {fd, uint32_t{IORING_REGISTER_FILES},
              Arg::Bytes(std::as_bytes(std::span(state.files))), state.files.size()});
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::io_uring
