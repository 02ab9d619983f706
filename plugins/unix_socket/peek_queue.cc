#include "plugins/unix_socket/peek_queue.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "plugins/unix_socket/address.h"
#include "supervisor/resource/peek_offset.h"

namespace tardigrade::unix_socket {
namespace {

constexpr size_t kFirstBuffer = 256 << 10;
// SCM_MAX_FD descriptors, credentials, a label, time stamps.
constexpr size_t kControlBytes = 8192;

// One look: where the queue ends, nothing.
struct Look {
  bool is_end = false;
  bool truncated = false;
  PeekedMessage message;
};

void TakeFiles(const cmsghdr& header, PeekedMessage& message) {
  const size_t count = (header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; ++i) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(&header) + i * sizeof(int), sizeof(int));
    message.files.emplace_back(fd);
  }
}

constexpr int kScmPidfd = 4;  // SCM_PIDFD, include/linux/socket.h: newer than the C library.

void TakeControl(msghdr& header, PeekedMessage& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_RIGHTS) TakeFiles(*c, message);
    if (c->cmsg_type == kScmPidfd) {
      PeekedMessage dropped;
      TakeFiles(*c, dropped);
    }
    if (c->cmsg_type == SCM_CREDENTIALS)
      std::memcpy(&message.credentials.emplace(), CMSG_DATA(c), sizeof(ucred));
  }
}

Result<Look> LookOnce(int fd, std::span<std::byte> buffer) {
  alignas(cmsghdr) char control[kControlBytes];
  Address address;
  iovec piece{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr header = {};
  header.msg_name = address.data();
  header.msg_namelen = address.capacity();
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  Look look;
  if (got < 0) {
    if (errno != EAGAIN) return Error::Errno("looking into a socket's queue");
    look.is_end = true;
    return look;
  }
  TakeControl(header, look.message);
  if ((header.msg_flags & MSG_CTRUNC) != 0)
    return Error(ErrorCode::kSystem, "a message's descriptors could not be received: raise the limit of open files");
  look.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  look.message.size = static_cast<uint64_t>(got);
  look.message.from = address.Text(header.msg_namelen);
  return look;
}

void Add(PeekedQueue& queue, std::span<const std::byte> buffer, Look look) {
  queue.bytes.insert(queue.bytes.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(look.message.size));
  queue.messages.push_back(std::move(look.message));
}

// --- streams

// Descriptors come with the first byte of what was sent with them, but a look shows them however
// little of the bytes before them it takes.  `size` bytes at the offset end with such bytes: how many
// come before?  A look that cannot store the last byte of all stops where they begin, because what
// was sent at once is copied at once or not at all (unix_stream_read_generic(), net/unix/af_unix.c).
Result<uint64_t> BytesBeforeFiles(int fd, uint64_t size) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const forbidden = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (forbidden == MAP_FAILED) return Error::Errno("mmap");
  std::vector<std::byte> buffer(size);
  iovec pieces[] = {{.iov_base = buffer.data(), .iov_len = size - 1},
                    {.iov_base = forbidden, .iov_len = page}};
  msghdr header = {};
  header.msg_iov = pieces;
  header.msg_iovlen = 2;
  const ssize_t got = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);
  const int error = errno;
  munmap(forbidden, page);
  if (got < 0 && error != EFAULT)
    return Error::Syscall(ErrorCode::kSystem, error, "looking into a socket's queue");
  return got < 0 ? 0 : static_cast<uint64_t>(got);
}

Status AddStreamPiece(int fd, ScopedPeekOffset& at, std::span<const std::byte> buffer, Look look, PeekedQueue& queue) {
  const uint64_t offset = queue.bytes.size();
  const uint64_t size = look.message.size;
  if (!look.message.files.empty()) {
    RETURN_IF_ERROR(at.MoveTo(offset));
    ASSIGN_OR_RETURN(const uint64_t before, BytesBeforeFiles(fd, size));
    if (before != 0 && before < size) {
      Look first;
      first.message.size = before;
      first.message.credentials = look.message.credentials;
      Add(queue, buffer, std::move(first));
      look.message.size -= before;
      Add(queue, buffer.subspan(before), std::move(look));
      return at.MoveTo(offset + size);
    }
  }
  Add(queue, buffer, std::move(look));
  return at.MoveTo(offset + size);
}

Result<PeekedQueue> PeekStream(int fd, const QueueFacts& facts) {
  PeekedQueue queue;
  if (facts.unread == 0) return queue;
  std::vector<std::byte> buffer(size_t{facts.unread} + 1);
  ASSIGN_OR_RETURN(const int offset_in_use, ScopedPeekOffset::Read(fd));
  if (!facts.has_files && !facts.credentials && offset_in_use < 0) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got == static_cast<ssize_t>(facts.unread)) {
      buffer.resize(facts.unread);
      queue.bytes = std::move(buffer);
      queue.messages.emplace_back().size = facts.unread;
      return queue;
    }
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedPeekOffset> at, ScopedPeekOffset::Start(fd));
  RETURN_IF_ERROR(at->MoveTo(0));
  while (queue.bytes.size() < facts.unread) {
    ASSIGN_OR_RETURN(Look look, LookOnce(fd, buffer));
    if (look.is_end || look.message.size == 0)
      return Error(ErrorCode::kSystem,
                   StrCat("of ", facts.unread, " unread bytes ", queue.bytes.size(), " could be read"));
    RETURN_IF_ERROR(AddStreamPiece(fd, *at, buffer, std::move(look), queue));
  }
  return queue;
}

// --- messages

// A message without bytes is passed over by SO_PEEK_OFF once it has been looked at
// (__skb_try_recv_from_queue(), net/core/datagram.c): the first of the queue is therefore looked at
// without it.
Status AddEmptyHead(int fd, const QueueFacts& facts, std::span<std::byte> buffer, PeekedQueue& queue) {
  if (facts.ended && facts.unread == 0 && facts.type == SOCK_SEQPACKET) return Ok();
  ASSIGN_OR_RETURN(Look look, LookOnce(fd, buffer));
  if (look.is_end || look.message.size != 0) return Ok();
  Add(queue, buffer, std::move(look));
  return Ok();
}

Result<PeekedQueue> PeekMessages(int fd, const QueueFacts& facts) {
  PeekedQueue queue;
  pollfd poller{.fd = fd, .events = POLLIN, .revents = 0};
  if (poll(&poller, 1, 0) < 0) return Error::Errno("poll");
  if ((poller.revents & POLLERR) != 0) {
    // A look would take the error off (__skb_try_recv_datagram(), net/core/datagram.c).
    if (facts.type == SOCK_SEQPACKET && facts.unread == 0) return queue;
    return Error(ErrorCode::kUnsupported,
                 "the socket has an error pending that is not read yet; let it be read first");
  }
  if ((poller.revents & POLLIN) == 0) return queue;
  std::vector<std::byte> buffer(kFirstBuffer);
  ASSIGN_OR_RETURN(const std::unique_ptr<ScopedPeekOffset> at, ScopedPeekOffset::Start(fd));
  RETURN_IF_ERROR(at->MoveTo(uint64_t{0} - 1));
  RETURN_IF_ERROR(AddEmptyHead(fd, facts, buffer, queue));
  RETURN_IF_ERROR(at->MoveTo(0));
  for (;;) {
    ASSIGN_OR_RETURN(Look look, LookOnce(fd, buffer));
    if (look.is_end) return queue;
    // Nothing where the other side has ended looks like a message of no bytes.
    if (look.message.size == 0 && facts.ended) return queue;
    if (look.truncated) {
      buffer.resize(buffer.size() * 2);
      RETURN_IF_ERROR(at->MoveTo(queue.bytes.size()));
      continue;
    }
    Add(queue, buffer, std::move(look));
  }
}

}  // namespace

Result<PeekedQueue> PeekQueue(int local_fd, const QueueFacts& facts) {
  if (facts.type != SOCK_STREAM) return PeekMessages(local_fd, facts);
  pollfd poller{.fd = local_fd, .events = POLLPRI, .revents = 0};
  if (poll(&poller, 1, 0) < 0) return Error::Errno("poll");
  if ((poller.revents & POLLPRI) != 0)
    return Error(ErrorCode::kUnsupported,
                 "the socket has an unread out-of-band byte (MSG_OOB); let it be read first");
  return PeekStream(local_fd, facts);
}

}  // namespace tardigrade::unix_socket
