#include "supervisor/restore/control_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tardigrade {
namespace {

constexpr size_t kMaxMessageBytes = 4096;
constexpr size_t kFilesPerMessage = 253;  // SCM_MAX_FD, include/net/scm.h.

// A message with room for descriptors.
struct Message {
  Message(void* data, size_t size) : piece{data, size} {
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  void TakeFiles(std::vector<ScopedFd>& files) {
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return;
    const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
      files.emplace_back(fd);
    }
  }
  iovec piece;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kFilesPerMessage * sizeof(int))> control = {};
  msghdr header = {};
};

}  // namespace

Result<ControlChannel> ControlChannel::Create() {
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return Error::Errno("socketpair");
  ControlChannel channel;
  channel.restorer_.Reset(ends[0]);
  channel.task_.Reset(ends[1]);
  return channel;
}

Status ControlChannel::SayStart() {
  if (send(restorer_.get(), "s", 1, MSG_NOSIGNAL) != 1) return Error::Errno("telling the task to start");
  return Ok();
}

bool ControlChannel::AwaitStart() {
  restorer_.Reset();
  char word = 0;
  return recv(task_.get(), &word, 1, 0) == 1;
}

bool ControlChannel::IsRestorerThere() const {
  pollfd other = {.fd = task_.get(), .events = 0, .revents = 0};
  return poll(&other, 1, /*timeout_ms=*/0) == 0;
}

void ControlChannel::Send(char kind, ErrorCode code, const std::string& text) {
  std::string message = {kind, static_cast<char>(code)};
  message += text.substr(0, kMaxMessageBytes - 2);
  (void)!send(task_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

void ControlChannel::SayError(const Error& error) { Send('e', error.code(), error.ToString()); }

void ControlChannel::SayWarning(const std::string& text) { Send('w', ErrorCode::kSystem, text); }

// More than fits waits until the restorer collects.
Status ControlChannel::SayHeldBack(std::span<const int> fds) {
  while (!fds.empty()) {
    const std::span<const int> some = fds.first(std::min(fds.size(), kFilesPerMessage));
    char text[] = {'h', 0};
    Message message(text, sizeof(text));
    cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(some.size_bytes());
    std::memcpy(CMSG_DATA(rights), some.data(), some.size_bytes());
    message.header.msg_controllen = CMSG_SPACE(some.size_bytes());
    if (sendmsg(task_.get(), &message.header, MSG_NOSIGNAL) < 0) return Error::Errno("handing sockets to the restorer");
    fds = fds.subspan(some.size());
  }
  return Ok();
}

void ControlChannel::Collect(Reports& reports) {
  std::array<char, kMaxMessageBytes> buffer = {};
  for (;;) {
    Message message(buffer.data(), buffer.size());
    const ssize_t n = recvmsg(restorer_.get(), &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 2) return;
    message.TakeFiles(reports.held_back);
    std::string text(buffer.data() + 2, static_cast<size_t>(n) - 2);
    if (buffer[0] == 'e' && reports.error.empty()) {
      reports.error = std::move(text);
      reports.code = static_cast<ErrorCode>(buffer[1]);
    } else if (buffer[0] == 'w') {
      reports.warnings.push_back(std::move(text));
    }
  }
}

}  // namespace tardigrade
