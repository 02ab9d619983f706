#include "supervisor/kernel/proc_stat.h"

#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

using proc_text::TakeChar;
using proc_text::TakeNumber;

// "pid (comm) S": the last parenthesis ends the name, whatever is in it.
bool TakeHead(std::string_view& text, ProcStat& stat) {
  const size_t close = text.rfind(')');
  if (close == std::string_view::npos) return false;
  std::string_view head = text.substr(0, close);
  text.remove_prefix(close + 1);
  if (!TakeNumber(head, stat.pid) || !TakeChar(head, ' ') || !TakeChar(head, '(')) return false;
  stat.comm = head;
  if (!TakeChar(text, ' ') || text.empty()) return false;
  stat.state = text.front();
  text.remove_prefix(1);
  return true;
}

// Numbers, each after one blank.
template <typename... Fields>
bool TakeFields(std::string_view& text, Fields&... fields) {
  return ((TakeChar(text, ' ') && TakeNumber(text, fields)) && ...);
}

}  // namespace

Result<ProcStat> ParseProcStat(std::string_view text) {
  ProcStat s;
  std::string_view rest = text;
  const bool ok =
      TakeHead(rest, s) &&
      TakeFields(rest, s.ppid, s.pgrp, s.session, s.tty_nr, s.tpgid, s.flags, s.minflt, s.cminflt,
                 s.majflt, s.cmajflt, s.utime, s.stime, s.cutime, s.cstime, s.priority, s.nice,
                 s.num_threads, s.itrealvalue, s.start_time, s.vsize, s.rss, s.rsslim) &&
      TakeFields(rest, s.start_code, s.end_code, s.start_stack, s.kstkesp, s.kstkeip, s.signal,
                 s.blocked, s.sigignore, s.sigcatch, s.wchan, s.nswap, s.cnswap, s.exit_signal,
                 s.processor, s.rt_priority, s.policy, s.delayacct_blkio_ticks, s.guest_time,
                 s.cguest_time, s.start_data, s.end_data, s.start_brk, s.arg_start, s.arg_end,
                 s.env_start, s.env_end, s.exit_code) &&
      (rest.empty() || rest.front() == '\n' || rest.front() == ' ');
  if (!ok) return Error(ErrorCode::kInternal, StrCat("cannot read this stat: \"", text, "\""));
  return s;
}

}  // namespace tardigrade
