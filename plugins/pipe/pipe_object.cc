#include "plugins/pipe/pipe_object.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <numeric>

#include "plugins/pipe/pipe_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::pipe {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 31;

Result<ScopedFd> MakeAnonymous(CreateContext& context) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return Error::Errno("pipe2");
  ScopedFd read_end(ends[0]);
  ScopedFd write_end(ends[1]);
  ASSIGN_OR_RETURN(ScopedFd both, Reopen(read_end.get(), O_RDWR | O_NONBLOCK));
  ASSIGN_OR_RETURN(const std::string read_key, OriginalEndKey(both.get(), O_RDONLY));
  ASSIGN_OR_RETURN(const std::string write_key, OriginalEndKey(both.get(), O_WRONLY));
  context.SetAside(read_key, std::move(read_end));
  context.SetAside(write_key, std::move(write_end));
  return both;
}

// A FIFO whose name is gone again.
Result<ScopedFd> MakeNameless(int flags) {
  char directory[] = "/tmp/tardigrade-fifo-XXXXXX";
  if (mkdtemp(directory) == nullptr) return Error::Errno("making a directory for a FIFO in /tmp");
  const std::string path = StrCat(directory, "/fifo");
  if (mkfifo(path.c_str(), 0600) != 0) {
    Error error = Error::Errno("mkfifo ", path);
    rmdir(directory);
    return error;
  }
  Result<ScopedFd> opened = OpenFile(path, flags);
  unlink(path.c_str());
  rmdir(directory);
  return opened;
}

Result<ScopedFd> OpenFifo(const PipeState& state, CreateContext& context) {
  const int flags = (state.never_written ? O_RDONLY : O_RDWR) | O_NONBLOCK;
  if (state.fifo_deleted) return MakeNameless(flags);
  const std::string path = context.MovedPath(state.fifo_path);
  ASSIGN_OR_RETURN(ScopedFd fifo, OpenFile(path, flags), "the job had this FIFO open; --set-file ",
                   state.fifo_path, "=NEW names another");
  struct stat st = {};
  if (fstat(fifo.get(), &st) != 0) return Error::Errno("fstat ", path);
  if (!S_ISFIFO(st.st_mode))
    return Error(ErrorCode::kUnsupported, StrCat(path, " is no longer a FIFO"));
  int unread = 0;
  if (ioctl(fifo.get(), FIONREAD, &unread) != 0) return Error::Errno("FIONREAD on ", path);
  if (unread != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the FIFO ", path, " is in use: it holds ", unread,
                        " bytes; end who uses it, or name another with --set-file"));
  return fifo;
}

Status WritePiece(int fd, std::span<const std::byte> bytes) {
  const ssize_t written = write(fd, bytes.data(), bytes.size());
  if (written < 0) return Error::Errno("filling a pipe");
  if (static_cast<size_t>(written) != bytes.size())
    return Error(ErrorCode::kBadImage, "pipe.data does not fit into pipe.capacity");
  return Ok();
}

Status Fill(int fd, const PipeState& state, std::span<const std::byte> bytes) {
  if (bytes.empty()) return Ok();
  if (state.packets.empty()) return WritePiece(fd, bytes);
  const uint64_t total = std::accumulate(state.packets.begin(), state.packets.end(), uint64_t{0});
  if (total != bytes.size())
    return Error(ErrorCode::kBadImage, "pipe.packets do not add up to pipe.data");
  RETURN_IF_ERROR(SetStatusFlags(fd, O_NONBLOCK | O_DIRECT));
  for (const uint32_t packet : state.packets) {
    RETURN_IF_ERROR(WritePiece(fd, bytes.first(packet)));
    bytes = bytes.subspan(packet);
  }
  return SetStatusFlags(fd, O_NONBLOCK);
}

}  // namespace

Result<std::string> OriginalEndKey(int local_fd, uint64_t access_mode) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat of a pipe");
  return StrCat("pipe:", st.st_ino, access_mode == O_RDONLY ? ":read" : ":write");
}

Result<ScopedFd> PipeObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const PipeState state, Decode<PipeState>(value, "pipe"));
  if (state.never_written && (state.fifo_path.empty() || state.data.size != 0))
    return Error(ErrorCode::kBadImage, "pipe.never_written contradicts pipe.data");
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   context.attachments().Get(state.data, kMostBytes));
  ASSIGN_OR_RETURN(ScopedFd pipe,
                   state.fifo_path.empty() ? MakeAnonymous(context) : OpenFifo(state, context));
  const int wanted = static_cast<int>(state.capacity);
  if (fcntl(pipe.get(), F_GETPIPE_SZ) != wanted && fcntl(pipe.get(), F_SETPIPE_SZ, wanted) < 0)
    return Error::Errno("giving a pipe its capacity of ", wanted,
                        " bytes; see /proc/sys/fs/pipe-max-size and "
                        "pipe-user-pages-soft");
  RETURN_IF_ERROR(Fill(pipe.get(), state, bytes));
  return pipe;
}

}  // namespace tardigrade::pipe
