#ifndef SUPERVISOR_RESTORE_CONTROL_CHANNEL_H_
#define SUPERVISOR_RESTORE_CONTROL_CHANNEL_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// Between the restorer and the tasks it forks, which hold copies of it: a word to start, and
// errors and warnings back.
class ControlChannel {
 public:
  static Result<ControlChannel> Create();

  // The restorer's side.
  Status SayStart();
  // What the tasks have said so far; does not wait.  Empty error text: none failed.
  struct Reports {
    std::string error;
    ErrorCode code = ErrorCode::kSystem;
    std::vector<std::string> warnings;
    std::vector<ScopedFd> held_back;
  };
  void Collect(Reports& reports);

  // The task's side.  AwaitStart() is false if the restorer is gone.
  bool AwaitStart();
  bool IsRestorerThere() const;
  void SayError(const Error& error);
  void SayWarning(const std::string& text);
  // Descriptors for Resumption::Release().
  Status SayHeldBack(std::span<const int> fds);

 private:
  void Send(char kind, ErrorCode code, const std::string& text);
  ScopedFd restorer_;  // SOCK_SEQPACKET pair: one message, one packet.
  ScopedFd task_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_CONTROL_CHANNEL_H_
