#include "supervisor/checkpoint/controlling_terminals.h"

#include <algorithm>
#include <optional>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"
#include "supervisor/resource/pseudo_terminals.h"

namespace tardigrade {
namespace {

const ProcessSurvey* FindProcess(const Survey& survey, pid_t pid) {
  const auto it = std::find_if(survey.processes.begin(), survey.processes.end(),
                               [pid](const ProcessSurvey& process) { return process.pid == pid; });
  return it == survey.processes.end() ? nullptr : &*it;
}

// As the job sees it; 0 if that cannot be known.  A group without members has a number only, which a
// procfs of the job's PID namespace tells.
int32_t InnerGroup(const Survey& survey, const ProcessSurvey& leader, std::optional<pid_t> outer) {
  if (!outer.has_value() || *outer <= 0) return 0;
  if (const std::optional<pid_t> inner = survey.pids.InnerGroup(*outer); inner.has_value()) return *inner;
  if (leader.pid == leader.inner_pid) return *outer;
  const Result<std::string> text = ReadFile(StrCat("/proc/", leader.pid, "/root", "/proc/", leader.inner_pid, "/stat"));
  if (!text.has_value()) return 0;
  const Result<ProcStat> seen = ParseProcStat(text.value());
  const bool is_leader = seen.has_value() && seen.value().pid == leader.inner_pid &&
                         seen.value().start_time == leader.stat.start_time;
  return is_leader ? std::max(seen.value().tpgid, 0) : 0;
}

// The master of a pseudoterminal knows whose session it controls, whatever the number: two may have the same
// in different mounts of devpts.
const FdFacts* FindMasterOf(const Survey& survey, pid_t session) {
  for (const FdFacts& file : survey.descriptors) {
    if (IsPtyMaster(file) && SessionOfPty(file) == session) return &file;
  }
  return nullptr;
}

}  // namespace

void DescribeTerminal(const Survey& survey, const ProcessSurvey& process, ProcessDocument& document) {
  if (process.has_ended) return;
  if (process.stat.session != process.pid) {
    const ProcessSurvey* leader = FindProcess(survey, process.stat.session);
    document.gave_up_terminal =
        leader != nullptr && !leader->has_ended && leader->stat.tty_nr != 0 && process.stat.tty_nr == 0;
    return;
  }
  if (process.stat.tty_nr == 0) return;
  ControllingTerminal terminal;
  if (const FdFacts* master = FindMasterOf(survey, process.pid); master != nullptr) {
    terminal.object = PtyKey(*master);
    terminal.foreground = InnerGroup(survey, process, ForegroundOfPty(*master));
  } else {
    terminal.path = TerminalDevice::Decode(static_cast<uint32_t>(process.stat.tty_nr)).Path();
    terminal.foreground = InnerGroup(survey, process, process.stat.tpgid);
  }
  document.controlling_terminal = std::move(terminal);
}

}  // namespace tardigrade
