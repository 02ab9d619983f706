#include "supervisor/restore/control_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace tardigrade {
namespace {

constexpr size_t kMaxMessageBytes = 4096;

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

void ControlChannel::Collect(Reports& reports) {
  std::array<char, kMaxMessageBytes> buffer = {};
  for (;;) {
    const ssize_t n = recv(restorer_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 2) return;
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
