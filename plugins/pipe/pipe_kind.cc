#include "plugins/pipe/pipe_kind.h"

#include <poll.h>
#include <unistd.h>

#include "plugins/pipe/peek_pipe.h"
#include "plugins/pipe/pipe_object.h"
#include "plugins/pipe/pipe_state.h"

namespace tardigrade::pipe {
namespace {

bool IsFifo(const FdFacts& file) { return file.link.starts_with('/'); }
bool MayRead(const FdFacts& file) { return (file.info.flags & O_ACCMODE) != O_WRONLY; }
bool MayWrite(const FdFacts& file) { return (file.info.flags & O_ACCMODE) != O_RDONLY; }
bool IsEnd(const FdFacts& file) {
  return S_ISFIFO(file.stat.st_mode) && (file.info.flags & O_PATH) == 0;
}
bool SamePipe(const FdFacts& a, const FdFacts& b) {
  return IsEnd(a) && IsEnd(b) && a.stat.st_ino == b.stat.st_ino && a.stat.st_dev == b.stat.st_dev;
}

// The first end of `file`'s pipe that can be read (or written).
const FdFacts* FindEnd(const FdFacts& file, std::span<const FdFacts> all,
                       bool (*may)(const FdFacts&)) {
  if (may(file)) return &file;
  for (const FdFacts& other : all)
    if (SamePipe(file, other) && may(other)) return &other;
  return nullptr;
}

short Poll(int local_fd) {
  pollfd poller{.fd = local_fd, .events = 0, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 ? poller.revents : short{0};
}

// Whether an empty pipe has no writer: a tee(2) then sees the end (0) instead of nothing yet
// (EAGAIN).  Poll does not tell of a FIFO that never had one; see pipe_poll(), fs/pipe.c.
bool HasNoWriter(int local_fd) {
  if ((Poll(local_fd) & POLLHUP) != 0) return true;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  const ScopedFd read_end(ends[0]);
  const ScopedFd write_end(ends[1]);
  return tee(local_fd, write_end.get(), 1, SPLICE_F_NONBLOCK) == 0;
}

Error HeldElsewhere(const FdFacts& file, const char* end) {
  return Error(
      ErrorCode::kUnsupported,
      StrCat("the ", end, " end of ", IsFifo(file) ? "the FIFO " : "", file.link, " (fd ", file.fd,
             ") is held by a process that is not saved; snapshot with --tree if it is a "
             "descendant, or "
             "start the job with a file in the place of the pipe"));
}

std::string Key(const FdFacts& file) {
  if (IsFifo(file)) return StrCat("fifo:", file.stat.st_dev, ":", file.stat.st_ino);
  return StrCat("pipe:", file.stat.st_ino);
}

// Where a FIFO is, as far as the process's root goes.
void FindFifo(const FdFacts& file, PipeState& state) {
  state.fifo_path = file.link;
  struct stat st = {};
  const std::string path = StrCat("/proc/", file.pid, "/root", file.link);
  const bool there = lstat(path.c_str(), &st) == 0 && st.st_ino == file.stat.st_ino &&
                     st.st_dev == file.stat.st_dev;
  constexpr std::string_view kDeleted = " (deleted)";
  state.fifo_deleted = !there;
  if (!there && state.fifo_path.ends_with(kDeleted))
    state.fifo_path.resize(state.fifo_path.size() - kDeleted.size());
}

Result<Value> CollectPipe(const FdFacts& file, std::span<const FdFacts> all,
                          CollectContext& context) {
  PipeState state;
  const int capacity = fcntl(file.local_fd, F_GETPIPE_SZ);
  if (capacity < 0) return Error::Errno("F_GETPIPE_SZ");
  state.capacity = static_cast<uint32_t>(capacity);
  if (IsFifo(file)) FindFifo(file, state);

  // Without a reader nothing that was written can be seen again.
  PipeContents contents;
  if (const FdFacts* reader = FindEnd(file, all, MayRead); reader != nullptr) {
    ASSIGN_OR_RETURN(contents, PeekPipe(reader->local_fd, capacity));
    state.never_written = IsFifo(file) && FindEnd(file, all, MayWrite) == nullptr &&
                          (Poll(reader->local_fd) & POLLHUP) == 0;
  }
  ASSIGN_OR_RETURN(state.data, context.attachments().Put(contents.bytes));
  state.packets = std::move(contents.packets);
  return Encode(state);
}

// One of the two that pipe2(2) gave: open(2) sets O_LARGEFILE, which fcntl(2) shows.
bool IsOriginal(const OpenFileState& open) {
  return (open.flags & kLargeFile) == 0 && (open.flags & O_ACCMODE) != O_RDWR;
}

}  // namespace

bool PipeKind::Claims(const FdFacts& file) const { return IsEnd(file); }

Status PipeKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  const FdFacts* reader = FindEnd(file, all, MayRead);
  const FdFacts* writer = FindEnd(file, all, MayWrite);
  if (reader == nullptr && (Poll(file.local_fd) & POLLERR) == 0) return HeldElsewhere(file, "read");
  if (writer == nullptr && !HasNoWriter(file.local_fd)) return HeldElsewhere(file, "write");
  return Ok();
}

Result<Value> PipeKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                CollectContext& context) const {
  PipeEndState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = Key(file);
  RETURN_IF_ERROR(
      context.AddObject(state.object, "pipe", [&] { return CollectPipe(file, all, context); }),
      "looking into ", file.link);
  return Encode(state);
}

Result<ScopedFd> PipeKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PipeEndState state, Decode<PipeEndState>(value, "pipe"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  if (IsOriginal(state.open)) {
    ASSIGN_OR_RETURN(const std::string key,
                     OriginalEndKey(object, state.open.flags & O_ACCMODE));
    if (ScopedFd original = context.TakeAside(key); original.valid()) {
      RETURN_IF_ERROR(SetStatusFlags(original.get(), state.open.flags));
      return original;
    }
  }
  return ReopenAs(object, state.open);
}

Status PipeKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const PipeEndState state, Decode<PipeEndState>(value, "pipe"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::pipe
