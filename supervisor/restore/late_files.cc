#include "supervisor/restore/late_files.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tardigrade {
namespace {

constexpr size_t kFilesPerMessage = 253;  // SCM_MAX_FD, include/net/scm.h.

struct Message {
  explicit Message(size_t files) : control(CMSG_SPACE(files * sizeof(int))) {
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  char byte = 0;
  iovec piece = {&byte, 1};
  std::vector<char> control;
  msghdr header = {};
};

Result<ScopedFd> MoveUp(const ScopedFd& fd, int first_fd) {
  ScopedFd moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, first_fd));
  if (!moved.valid()) return Error::Errno("moving a descriptor to ", first_fd, " or above");
  return moved;
}

}  // namespace

Result<LateFiles> LateFiles::Create(size_t count, int first_fd) {
  LateFiles made;
  while (count > 0) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return Error::Errno("socketpair");
    Queue queue;
    queue.count = std::min(count, kFilesPerMessage);
    const ScopedFd in(ends[0]), out(ends[1]);
    ASSIGN_OR_RETURN(queue.in, MoveUp(in, first_fd));
    ASSIGN_OR_RETURN(queue.out, MoveUp(out, first_fd));
    count -= queue.count;
    made.queues_.push_back(std::move(queue));
  }
  return made;
}

LateFiles LateFiles::ForNewTask() const {
  LateFiles made;
  for (const Queue& queue : queues_)
    made.queues_.push_back({.in = ScopedFd(queue.in.get()), .out = ScopedFd(queue.out.get()), .count = queue.count});
  return made;
}

Status LateFiles::Send(std::span<const int> files) const {
  for (const Queue& queue : queues_) {
    Message message(queue.count);
    cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(queue.count * sizeof(int));
    std::memcpy(CMSG_DATA(rights), files.data(), queue.count * sizeof(int));
    if (sendmsg(queue.in.get(), &message.header, MSG_DONTWAIT) != 1) return Error::Errno("handing files to the other tasks");
    files = files.subspan(queue.count);
  }
  return Ok();
}

Result<std::vector<ScopedFd>> LateFiles::Look() const {
  std::vector<ScopedFd> files;
  for (const Queue& queue : queues_) {
    Message message(queue.count);
    if (recvmsg(queue.out.get(), &message.header, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
      return Error::Errno("taking files from the first task");
    const cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
    const size_t got = rights == nullptr ? 0 : (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < got; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
      files.emplace_back(fd);
    }
    if (got != queue.count) return Error(ErrorCode::kSystem, StrCat("only ", got, " of ", queue.count, " files could be taken over"));
  }
  return files;
}

}  // namespace tardigrade
