#ifndef SUPERVISOR_CLI_CONSOLE_H_
#define SUPERVISOR_CLI_CONSOLE_H_

#include <ostream>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/value.h"

namespace tardigrade {

// Where a command reads and writes; main() hands in the standard streams, tests hand in strings.
struct Console {
  std::ostream& out;
  std::ostream& err;
  int terminal_fd = -1;  // For progress; none is shown if it is no terminal.
};

// Writes and flushes to `out`.  A reader that has gone away is an error here, never SIGPIPE: the
// disposition of that signal is inherited by jobs and so is left alone.
Status WriteOut(Console& console, const std::string& text);

// Says an error on `err`, and as JSON on `out` if `json`, and returns the exit status of its class.
// `aftermath` says what became of the job; "" for nothing to say.
int Fail(Console& console, const std::string& command, const Error& error,
         const std::string& aftermath, bool json);

// {"error":{"class":"unsupported","message":"..."},"ok":false}
Value ErrorJson(const Error& error, const std::string& message);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_CONSOLE_H_
