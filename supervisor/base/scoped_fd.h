#ifndef SUPERVISOR_BASE_SCOPED_FD_H_
#define SUPERVISOR_BASE_SCOPED_FD_H_

#include <unistd.h>

#include <utility>

namespace tardigrade {

// Owns a descriptor of this process (a `local_fd`) and closes it.
class ScopedFd {
 public:
  ScopedFd() = default;
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(ScopedFd&& other) noexcept : fd_(other.Release()) {}
  ScopedFd& operator=(ScopedFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~ScopedFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_SCOPED_FD_H_
