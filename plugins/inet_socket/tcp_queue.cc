#include "plugins/inet_socket/tcp_queue.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "plugins/inet_socket/inet_file.h"

namespace tardigrade::inet_socket {
namespace {

Error Urgent() {
  return Error(
      ErrorCode::kUnsupported,
      "the connection has urgent data (MSG_OOB), whose place in the stream cannot be saved; "
      "try again when it has been read");
}

}  // namespace

Result<size_t> UnreadBytes(int local_fd) {
  int count = 0;
  if (ioctl(local_fd, SIOCINQ, &count) != 0)
    return Error::Errno("asking how much of a connection is unread");
  return static_cast<size_t>(count);
}

Status CheckNothingUrgent(int local_fd) {
  if ((PollNow(local_fd, POLLPRI) & POLLPRI) != 0) return Urgent();
  return Ok();
}

// SIOCINQ counts up to a mark, a look goes on behind it (tcp_inq(), include/net/tcp.h): where they
// differ there is one.
Result<std::vector<std::byte>> PeekStream(int local_fd) {
  RETURN_IF_ERROR(CheckNothingUrgent(local_fd));
  ASSIGN_OR_RETURN(const size_t unread, UnreadBytes(local_fd));
  std::vector<std::byte> bytes(unread + 1);
  if (unread != 0 && SocketNumber(local_fd, SO_PEEK_OFF) >= 0)
    return Error(ErrorCode::kUnsupported,
                 "the connection has unread data and looks into it with SO_PEEK_OFF; try again "
                 "when it has been read");
  const ssize_t got = recv(local_fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && errno != EAGAIN && errno != ENOTCONN)
    return Error::Errno("looking into a connection's queue");
  const size_t seen = got < 0 ? 0 : static_cast<size_t>(got);
  if (seen > unread) return Urgent();
  if (seen < unread)
    return Error(ErrorCode::kSystem,
                 StrCat("of ", unread, " unread bytes ", seen, " could be read"));
  bytes.resize(unread);
  return bytes;
}

}  // namespace tardigrade::inet_socket
