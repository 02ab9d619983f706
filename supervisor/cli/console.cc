#include "supervisor/cli/console.h"

#include <signal.h>

#include <cerrno>
#include <ctime>

#include "supervisor/cli/exit_code.h"
#include "supervisor/cli/text.h"

namespace tardigrade {
namespace {

// Blocks SIGPIPE in this thread and takes away the one a write here may have raised.
class ScopedNoSigpipe {
 public:
  ScopedNoSigpipe() {
    sigset_t pending;
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &old_mask_);
  }
  ~ScopedNoSigpipe() {
    const timespec at_once = {};
    while (!was_pending_ && sigtimedwait(&sigpipe_, nullptr, &at_once) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }
  ScopedNoSigpipe(const ScopedNoSigpipe&) = delete;
  ScopedNoSigpipe& operator=(const ScopedNoSigpipe&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t old_mask_;
  bool was_pending_ = false;
};

}  // namespace

Status WriteOut(Console& console, const std::string& text) {
  const ScopedNoSigpipe no_sigpipe;
  errno = 0;
  console.out << text << std::flush;
  if (console.out.good()) return Ok();
  const int err = errno == 0 ? EIO : errno;
  return Error::Syscall(ErrorCode::kSystem, err, "writing to standard output");
}

Value ErrorJson(const Error& error, const std::string& message) {
  Value::Object what;
  what.emplace("class", ErrorClassName(error.code()));
  what.emplace("message", message);
  if (error.errno_value() != 0) what.emplace("errno", error.errno_value());
  return Value(Value::Object{{"ok", Value(false)}, {"error", Value(std::move(what))}});
}

int Fail(Console& console, const std::string& command, const Error& error,
         const std::string& aftermath, bool json) {
  std::string message = error.ToString();
  if (!aftermath.empty()) message += "; " + aftermath;
  const ScopedNoSigpipe no_sigpipe;
  console.err << command << ": " << PrintableText(message) << std::endl;
  if (json) (void)WriteOut(console, JsonLine(ErrorJson(error, message)));
  return static_cast<int>(ExitCodeFor(error.code()));
}

}  // namespace tardigrade
