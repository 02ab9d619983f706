#include "supervisor/cli/terminal_progress.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "supervisor/base/str_cat.h"
#include "supervisor/cli/text.h"

namespace tardigrade {
namespace {

constexpr auto kQuietTime = std::chrono::seconds(1);
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr size_t kLineWidth = 79;

// Whether a write would neither wait nor stop this process.  poll(2) on a terminal under flow
// control, or whose buffer is full, says no (drivers/tty/n_tty.c, n_tty_poll()).
bool MayWrite(int local_fd) {
  if (tcgetpgrp(local_fd) != getpgrp()) return false;
  pollfd poll_fd = {.fd = local_fd, .events = POLLOUT, .revents = 0};
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT) != 0;
}

}  // namespace

std::string ProgressText(const std::string& what, uint64_t done, uint64_t total,
                         std::chrono::nanoseconds elapsed) {
  std::string text = StrCat(PrintableText(what), ": ", BytesText(done));
  if (total != 0) {
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    text += StrCat(" of ", BytesText(total), " (", std::lround(std::floor(part * 100)), "%)");
  }
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds <= 0 || done == 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += StrCat(", ", BytesText(static_cast<uint64_t>(rate)), "/s");
  if (total <= done) return text;
  const double left_s = std::min(static_cast<double>(total - done) / rate, 1e6);
  const auto whole_s = static_cast<int64_t>(std::ceil(left_s));
  if (whole_s < 60) return text + StrCat(", ", whole_s, " s left");
  return text + StrCat(", ", whole_s / 60, " min ", whole_s % 60, " s left");
}

TerminalProgress::TerminalProgress(int local_fd, std::function<Clock::time_point()> now)
    : local_fd_(local_fd), terminal_(isatty(local_fd) == 1), now_(std::move(now)) {}

TerminalProgress::~TerminalProgress() { End(); }

void TerminalProgress::Begin(const std::string& what, uint64_t total_bytes) {
  End();
  what_ = what;
  total_ = total_bytes;
  done_ = 0;
  began_ = now_();
  next_ = began_ + kQuietTime;
}

void TerminalProgress::Advance(uint64_t bytes) {
  done_ += bytes;
  if (!terminal_) return;
  const Clock::time_point now = now_();
  if (now < next_) return;
  next_ = now + kInterval;
  Show(ProgressText(what_, done_, total_, now - began_).substr(0, kLineWidth));
}

void TerminalProgress::End() {
  if (visible_) Show("");
  visible_ = false;
}

void TerminalProgress::Show(const std::string& line) {
  if (!MayWrite(local_fd_)) return;
  const std::string text = "\r" + line + "\x1b[K";  // To the first column; erase what is left over.
  visible_ = write(local_fd_, text.data(), text.size()) > 0;
}

}  // namespace tardigrade
