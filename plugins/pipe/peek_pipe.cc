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

struct Shape {
  bool starts_with_packet = false;
  bool ends_with_packet = false;  // Only looked at if it does not start with one.
};

Result<Shape> LookAtShape(int copy, int unread) {
  std::byte byte;
  if (read(copy, &byte, 1) != 1) return Error::Errno("reading a copy of a pipe");
  ASSIGN_OR_RETURN(const int left, Unread(copy));
  // What a short read leaves of a packet is dropped: pipe_read(), fs/pipe.c.  A packet of one byte
  // looks like a stream so far: the next read tells.
  if (left < unread - 1) return Shape{.starts_with_packet = true};
  // The same with all but the last byte.
  std::vector<std::byte> bytes(static_cast<size_t>(unread));
  for (int done = 1; done < unread - 1;) {
    const ssize_t got = read(copy, bytes.data(), static_cast<size_t>(unread - 1 - done));
    if (got <= 0) return Shape{.ends_with_packet = true};  // A packet's rest was dropped before.
    done += static_cast<int>(got);
  }
  ASSIGN_OR_RETURN(const int last, Unread(copy));
  return Shape{.ends_with_packet = unread > 1 && last == 0};
}

}  // namespace

Result<PipeContents> PeekPipe(int local_fd, int capacity) {
  PipeContents contents;
  ASSIGN_OR_RETURN(const int unread, Unread(local_fd));
  if (unread == 0) return contents;
  Shape shape;
  {
    ASSIGN_OR_RETURN(const ScopedFd copy, Tee(local_fd, capacity, unread));
    ASSIGN_OR_RETURN(shape, LookAtShape(copy.get(), unread));
  }
  const bool packets = shape.starts_with_packet;
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
  // A read of a stream takes all there is: more than one read means packets.  One that follows a stream
  // is read along with it.
  const bool some_packets = contents.packets.size() > 1 ? contents.packets.front() > 1 : shape.ends_with_packet;
  if (!packets && some_packets)
    return Error(ErrorCode::kUnsupported,
                 "the pipe holds both a stream of bytes and packets (O_DIRECT was set or "
                 "cleared while data were unread); try again when they have been read");
  if (!packets && contents.packets.size() == 1) contents.packets.clear();
  return contents;
}

}  // namespace tardigrade::pipe
