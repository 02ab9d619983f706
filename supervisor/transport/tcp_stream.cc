#include "supervisor/transport/tcp_stream.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tardigrade {
namespace {

using Milliseconds = std::chrono::milliseconds;

Error TimedOut(const std::string& what) { return Error::Syscall(ErrorCode::kSystem, ETIMEDOUT, what); }

Status Set(int fd, int level, int option, int value) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) == 0) return Ok();
  return Error::Errno("setting option ", option, " of a socket");
}

// Sizes of buffers are left to the kernel, which makes them larger than it lets anyone ask for (tcp(7), tcp_wmem and tcp_rmem
// against net.core.wmem_max).
Status SetOptions(int fd, Milliseconds timeout) {
  constexpr int kIdleSeconds = 5, kProbeSeconds = 3, kProbes = 3;
  RETURN_IF_ERROR(Set(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  RETURN_IF_ERROR(Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
  RETURN_IF_ERROR(Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds));
  RETURN_IF_ERROR(Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds));
  RETURN_IF_ERROR(Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbes));
  RETURN_IF_ERROR(Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(std::min<int64_t>(timeout.count(), INT_MAX))));
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit)) != 0) return Error::Errno("limiting the time of a socket's calls");
  }
  return Ok();
}

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(ScopedFd fd) : fd_(std::move(fd)) {}

  Status Send(std::span<iovec> parts) override {
    while (!parts.empty()) {
      const std::span<iovec> now = parts.first(std::min<size_t>(parts.size(), IOV_MAX));
      msghdr message = {};
      message.msg_iov = now.data();
      message.msg_iovlen = now.size();
      const ssize_t n = sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return TimedOut("the other side takes nothing");
      if (n < 0) return Error::Errno("sending");
      size_t done = static_cast<size_t>(n);
      while (!parts.empty() && done >= parts.front().iov_len) {
        done -= parts.front().iov_len;
        parts = parts.subspan(1);
      }
      if (done == 0) continue;
      parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + done;
      parts.front().iov_len -= done;
    }
    return Ok();
  }

  Status Receive(std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = recv(fd_.get(), bytes.data(), bytes.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return TimedOut("the other side says nothing");
      if (n < 0) return Error::Errno("receiving");
      if (n == 0) return Error::Syscall(ErrorCode::kSystem, ECONNRESET, "the other side closed the connection");
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return Ok();
  }

  bool HasInput() override {
    pollfd poll_fd = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return poll(&poll_fd, 1, 0) > 0;
  }

 private:
  const ScopedFd fd_;
};

Result<ScopedFd> MakeSocket(const NetworkAddress& address, int flags) {
  ScopedFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.valid()) return Error::Errno("making a socket");
  return fd;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> ConnectTcp(const NetworkAddress& address, Milliseconds timeout) {
  ASSIGN_OR_RETURN(ScopedFd fd, MakeSocket(address, 0));
  RETURN_IF_ERROR(SetOptions(fd.get(), timeout));
  // SO_SNDTIMEO limits it as well (net/ipv4/af_inet.c, __inet_stream_connect()).
  if (connect(fd.get(), address.get(), address.size) != 0) {
    if (errno == EINPROGRESS || errno == EAGAIN) return TimedOut(StrCat("connecting to ", address.ToString()));
    return Error::Errno("connecting to ", address.ToString());
  }
  return std::unique_ptr<ByteStream>(std::make_unique<TcpStream>(std::move(fd)));
}

Result<TcpListener> TcpListener::Listen(const NetworkAddress& address) {
  // Who came may have gone again before he is accepted.
  ASSIGN_OR_RETURN(ScopedFd fd, MakeSocket(address, SOCK_NONBLOCK));
  RETURN_IF_ERROR(Set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1));
  if (address.storage.ss_family == AF_INET6) RETURN_IF_ERROR(Set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1));
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), /*backlog=*/8) != 0)
    return Error::Errno("listening on ", address.ToString());
  NetworkAddress bound;
  bound.size = sizeof(bound.storage);
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) != 0) return Error::Errno("getsockname");
  return TcpListener(std::move(fd), bound);
}

Result<TcpListener::Accepted> TcpListener::Accept(std::optional<std::chrono::steady_clock::time_point> deadline,
                                                  Milliseconds timeout) {
  for (;;) {
    int left_ms = -1;
    if (deadline.has_value()) {
      const auto left = std::chrono::ceil<Milliseconds>(*deadline - std::chrono::steady_clock::now());
      left_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
    }
    pollfd poll_fd = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&poll_fd, 1, left_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Error::Errno("waiting for a connection");
    if (ready == 0) return TimedOut("nobody connects");
    Accepted accepted;
    accepted.peer.size = sizeof(accepted.peer.storage);
    ScopedFd fd(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&accepted.peer.storage), &accepted.peer.size, SOCK_CLOEXEC));
    if (!fd.valid() && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS || errno == EINVAL || errno == EBADF))
      return Error::Errno("accepting a connection");
    if (!fd.valid()) continue;
    RETURN_IF_ERROR(SetOptions(fd.get(), timeout));
    accepted.stream = std::make_unique<TcpStream>(std::move(fd));
    return accepted;
  }
}

}  // namespace tardigrade
