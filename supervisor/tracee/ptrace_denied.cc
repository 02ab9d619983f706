#include "supervisor/tracee/ptrace_denied.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "supervisor/base/file_io.h"
#include "supervisor/tracee/proc_status.h"

namespace tardigrade::ptrace {
namespace {

Error Denied(pid_t tid, const std::string& reason) {
  return Error::Syscall(ErrorCode::kDenied, EPERM,
                        StrCat("thread ", tid, " may not be traced: ", reason));
}

}  // namespace

Error ExplainDenied(pid_t tid, const DenialFacts& facts) {
  const Result<TraceeStatus> parsed = ParseStatus(facts.tracee_status);
  if (facts.tracee_status.empty() || !parsed.has_value())
    return Denied(tid, "not permitted; run as its user with the same privileges, or as root");
  const TraceeStatus& status = parsed.value();
  if (status.state == 'Z' || status.state == 'X')
    return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " has exited already"));
  if (status.kernel_thread)
    return Error(ErrorCode::kUsage, StrCat("thread ", tid, " is a kernel thread"));
  if (status.tracer != 0)
    return Denied(tid, StrCat("process ", status.tracer,
                              " traces it already (a debugger, strace or "
                              "another snapshot); detach that first"));
  if (facts.own_uid != 0 && !status.uids.empty() && status.uids[0] != facts.own_uid)
    return Denied(tid, StrCat("it belongs to user ", status.uids[0], ", and this is user ",
                              facts.own_uid, "; run as that user or as root"));
  if (facts.own_uid != 0 && !status.uids.empty() && facts.proc_uid.has_value() &&
      *facts.proc_uid != status.uids[0])
    return Denied(tid,
                  "it is not dumpable (it asked for that with PR_SET_DUMPABLE, or runs a program "
                  "with set-id bits, capabilities or without read permission), so the kernel shows "
                  "it to root only; run as root");
  const int scope = facts.yama_scope.empty() ? 0 : facts.yama_scope[0] - '0';
  if (scope == 3)
    return Denied(tid, "kernel.yama.ptrace_scope is 3, which forbids it to everybody until reboot");
  if (scope != 0)
    return Denied(tid, StrCat("kernel.yama.ptrace_scope is ", scope, "; run as root",
                              scope == 1 ? ", or set it to 0" : " (CAP_SYS_PTRACE)"));
  return Denied(tid,
                "it is more privileged than this process (capabilities, set-id program, another "
                "user namespace, or not dumpable); run as root");
}

Error ExplainDenied(pid_t tid) {
  DenialFacts facts;
  facts.own_uid = geteuid();
  if (Result<std::string> text = ReadFile(StrCat("/proc/", tid, "/status")); text.has_value())
    facts.tracee_status = std::move(text).value();
  struct stat st = {};
  if (stat(StrCat("/proc/", tid).c_str(), &st) == 0) facts.proc_uid = st.st_uid;
  if (Result<std::string> text = ReadFile("/proc/sys/kernel/yama/ptrace_scope"); text.has_value())
    facts.yama_scope = std::move(text).value();
  return ExplainDenied(tid, facts);
}

}  // namespace tardigrade::ptrace
