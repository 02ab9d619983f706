#ifndef SUPERVISOR_CLI_EXIT_CODE_H_
#define SUPERVISOR_CLI_EXIT_CODE_H_

#include <string_view>

#include "supervisor/base/error.h"

namespace tardigrade {

// What the three commands exit with.  The numbers are those of sysexits.h where it has one for
// the class.  `restore` in the foreground exits with the job's own status once the job ran (128+N
// for signal N); a job may use the same numbers, so callers that must tell read --json.
enum class ExitCode : int {
  kOk = 0,
  kUsage = 64,        // Bad arguments, no such process, image exists already.
  kBadImage = 65,     // Truncated, corrupt, or of an unknown version.
  kTraceeGone = 68,   // The process died meanwhile.
  kUnsupported = 69,  // The process holds what cannot be saved, or this machine cannot restore it.
  kInternal = 70,     // A bug of ours.
  kSystem = 71,       // A system call failed: disk full, out of memory, timeout, ...
  kRemote = 76,       // A system call made inside the process failed.
  kDenied = 77,       // Permission.
};

constexpr ExitCode ExitCodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return ExitCode::kUsage;
    case ErrorCode::kSystem:
      return ExitCode::kSystem;
    case ErrorCode::kRemote:
      return ExitCode::kRemote;
    case ErrorCode::kTraceeGone:
      return ExitCode::kTraceeGone;
    case ErrorCode::kUnsupported:
      return ExitCode::kUnsupported;
    case ErrorCode::kDenied:
      return ExitCode::kDenied;
    case ErrorCode::kBadImage:
      return ExitCode::kBadImage;
    case ErrorCode::kInternal:
      return ExitCode::kInternal;
  }
  return ExitCode::kInternal;
}

// The class as --json names it.
constexpr std::string_view ErrorClassName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kSystem:
      return "system";
    case ErrorCode::kRemote:
      return "remote";
    case ErrorCode::kTraceeGone:
      return "tracee gone";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kBadImage:
      return "bad image";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_EXIT_CODE_H_
