#include "supervisor/resource/peek_offset.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "supervisor/base/close_fds.h"

namespace tardigrade {
namespace {

bool Set(int fd, int offset) {
  return setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)) == 0;
}

// Waits for the word that all is well, or for the death of who would have said it.
[[noreturn]] void Keep(int lifeline, int socket, int offset) {
  setsid();  // Signals to the caller's group are not for it.
  // The caller's files, and locks on them, are to go when it goes.
  CloseAllBut({lifeline, socket});
  char word = 0;
  ssize_t got = 0;
  do {
    got = read(lifeline, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) Set(socket, offset);
  _exit(0);
}

}  // namespace

Result<int> ScopedPeekOffset::Read(int local_fd) {
  int offset = -1;
  socklen_t size = sizeof(offset);
  if (getsockopt(local_fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &size) != 0)
    return Error::Errno("SO_PEEK_OFF");
  return offset;
}

Result<std::unique_ptr<ScopedPeekOffset>> ScopedPeekOffset::Start(int local_fd) {
  ASSIGN_OR_RETURN(const int before, Read(local_fd));
  std::unique_ptr<ScopedPeekOffset> scoped(new ScopedPeekOffset(local_fd, before));
  RETURN_IF_ERROR(scoped->StartKeeper());
  return scoped;
}

Status ScopedPeekOffset::StartKeeper() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error::Errno("pipe2");
  const ScopedFd theirs(ends[0]);
  lifeline_.Reset(ends[1]);
  keeper_ = fork();
  if (keeper_ < 0) return Error::Errno("forking who keeps a socket's SO_PEEK_OFF");
  if (keeper_ == 0) {
    Keep(theirs.get(), local_fd_, before_);
  }
  return Ok();
}

ScopedPeekOffset::~ScopedPeekOffset() {
  if (keeper_ <= 0) return;
  Set(local_fd_, before_);
  const char word = 1;
  // Whether or not it hears: to set the same again does no harm.
  if (write(lifeline_.get(), &word, 1) < 0) lifeline_.Reset();
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    // Once more.
  }
}

Status ScopedPeekOffset::MoveTo(uint64_t offset) {
  if (!Set(local_fd_, static_cast<int>(offset))) return Error::Errno("SO_PEEK_OFF");
  return Ok();
}

}  // namespace tardigrade
