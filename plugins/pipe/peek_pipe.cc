#include "plugins/pipe/peek_pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade::pipe {
namespace {

Result<int> Unread(int fd) {
  int bytes = 0;
  if (ioctl(fd, FIONREAD, &bytes) != 0) return Error::Errno("FIONREAD on a pipe");
  return bytes;
}

// A second pipe with references to the same pages: nothing is copied, nothing consumed.  tee(2)
// keeps the marks of packets (link_pipe(), fs/splice.c), and moves whole buffers, so the copy
// needs as many slots as the original.
Result<ScopedFd> Tee(int local_fd, int capacity, int unread) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return Error::Errno("pipe2");
  ScopedFd copy(ends[0]);
  const ScopedFd write_end(ends[1]);
  if (fcntl(write_end.get(), F_GETPIPE_SZ) < capacity &&
      fcntl(write_end.get(), F_SETPIPE_SZ, capacity) < 0)
    return Error::Errno("making a pipe of ", capacity,
                        " bytes to look into one as large; see "
                        "/proc/sys/fs/pipe-max-size and pipe-user-pages-soft");
  const ssize_t teed =
      tee(local_fd, write_end.get(), static_cast<size_t>(unread), SPLICE_F_NONBLOCK);
  if (teed < 0) return Error::Errno("tee");
  if (teed != unread)
    return Error(ErrorCode::kSystem, StrCat("tee gave ", teed, " of ", unread, " unread bytes"));
  return copy;
}

Result<bool> StartsWithPacket(int copy, int unread) {
  std::byte byte;
  if (read(copy, &byte, 1) != 1) return Error::Errno("reading a copy of a pipe");
  ASSIGN_OR_RETURN(const int left, Unread(copy));
  // What a short read leaves of a packet is dropped: pipe_read(), fs/pipe.c.  A packet of one byte
  // looks like a stream so far: the next read tells.
  return left < unread - 1;
}

}  // namespace

Result<PipeContents> PeekPipe(int local_fd, int capacity) {
  PipeContents contents;
  ASSIGN_OR_RETURN(const int unread, Unread(local_fd));
  if (unread == 0) return contents;
  bool packets = false;
  {
    ASSIGN_OR_RETURN(const ScopedFd copy, Tee(local_fd, capacity, unread));
    ASSIGN_OR_RETURN(packets, StartsWithPacket(copy.get(), unread));
  }
  ASSIGN_OR_RETURN(const ScopedFd copy, Tee(local_fd, capacity, unread));
  contents.bytes.resize(static_cast<size_t>(unread));
  size_t done = 0;
  while (done < contents.bytes.size()) {
    const ssize_t got =
        read(copy.get(), contents.bytes.data() + done, contents.bytes.size() - done);
    if (got <= 0) return Error::Errno("reading a copy of a pipe");
    contents.packets.push_back(static_cast<uint32_t>(got));
    done += static_cast<size_t>(got);
  }
  // A read of a stream takes all there is: more than one read means packets.
  if (!packets && contents.packets.size() > 1 && contents.packets.front() > 1)
    return Error(ErrorCode::kUnsupported,
                 "the pipe holds both a stream of bytes and packets (O_DIRECT was set or "
                 "cleared while data were unread); try again when they have been read");
  if (!packets && contents.packets.size() == 1) contents.packets.clear();
  return contents;
}

}  // namespace tardigrade::pipe
