#ifndef SUPERVISOR_BASE_ERROR_H_
#define SUPERVISOR_BASE_ERROR_H_

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/str_cat.h"

namespace tardigrade {

// What a caller may usefully do about an error; everything finer is in the text.
// Each code is an exit status of its own, see supervisor/cli/exit_code.h.
enum class ErrorCode {
  kUsage,        // The caller asked for something that makes no sense.
  kSystem,       // A syscall failed here, in the supervisor; see errno_value().
  kRemote,       // A syscall we injected failed in the tracee; see errno_value().
  kTraceeGone,   // The tracee died or was reaped under us.
  kUnsupported,  // The tracee holds state this build cannot checkpoint.
  kDenied,       // The kernel or an administrator does not let this user do it.
  kBadImage,     // The image is truncated, corrupt or of an unknown version.
  kInternal,     // A broken invariant of ours.
};

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string what) : code_(code), what_(std::move(what)) {}

  // An error for a failed syscall.  `err` is a positive errno value.
  static Error Syscall(ErrorCode code, int err, std::string what) {
    Error error(code, std::move(what));
    error.errno_ = err;
    return error;
  }

  // An error for the syscall that has just failed here: reads errno, and tells
  // EPERM and EACCES (kDenied) from everything else (kSystem).
  template <typename... Parts>
  static Error Errno(const Parts&... parts) {
    const int err = errno;
    return Syscall(err == EPERM || err == EACCES ? ErrorCode::kDenied : ErrorCode::kSystem, err, StrCat(parts...));
  }

  // Records, innermost first, what each caller was doing.
  Error While(std::string activity) && {
    context_.push_back(std::move(activity));
    return std::move(*this);
  }

  // It goes away by itself when the job has run on for a while: what waits is taken.
  Error Passing() && {
    passing_ = true;
    return std::move(*this);
  }

  ErrorCode code() const { return code_; }
  bool is_passing() const { return passing_; }
  int errno_value() const { return errno_; }  // 0 when no syscall is to blame.

  // "outermost activity: ...: what: ENAME (explanation)".
  std::string ToString() const;

 private:
  ErrorCode code_;
  int errno_ = 0;
  bool passing_ = false;
  std::string what_;
  std::vector<std::string> context_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_ERROR_H_
