#ifndef SUPERVISOR_CLI_TERMINAL_PROGRESS_H_
#define SUPERVISOR_CLI_TERMINAL_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "supervisor/base/progress.h"

namespace tardigrade {

// "writing memory: 1.2 GiB of 4.0 GiB (30%), 900.0 MiB/s, 3 s left".  A `total` of 0 is unknown.
std::string ProgressText(const std::string& what, uint64_t done, uint64_t total,
                         std::chrono::nanoseconds elapsed);

// Shows a transfer that lasts over a second, on one line of a terminal that is rewritten ten times
// a second and wiped at the end.  Shows nothing if `local_fd` is no terminal.
//
// The job may be frozen meanwhile, so nothing here waits: a terminal that does not take output now
// (flow control; or the frozen job is the one that drains it) misses an update, and a command in
// the background stays silent, for SIGTTOU would stop it.
class TerminalProgress final : public Progress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TerminalProgress(
      int local_fd, std::function<Clock::time_point()> now = [] { return Clock::now(); });
  ~TerminalProgress() override;
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  void Begin(const std::string& what, uint64_t total_bytes) override;
  void Advance(uint64_t bytes) override;
  void End() override;

 private:
  void Show(const std::string& line);

  int local_fd_;
  bool terminal_;
  std::function<Clock::time_point()> now_;
  std::string what_;
  uint64_t total_ = 0;
  uint64_t done_ = 0;
  Clock::time_point began_;
  Clock::time_point next_;
  bool visible_ = false;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_TERMINAL_PROGRESS_H_
