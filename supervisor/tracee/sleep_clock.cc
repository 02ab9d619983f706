#include "supervisor/tracee/sleep_clock.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/base/str_cat.h"
#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

int64_t MonotonicNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

std::optional<std::string> Text(const std::string& path) {
  Result<std::string> text = ReadFile(path);
  if (!text.has_value()) return {};
  return std::move(text).value();
}

// Cuts "name   :   value" down to where the value begins.
bool SkipToValue(std::string_view& text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + name.size());
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  text.remove_prefix(colon + 1);
  proc_text::SkipBlanks(text);
  return true;
}

}  // namespace

std::optional<int64_t> ParseExecStartNs(std::string_view text) {
  if (!SkipToValue(text, "se.exec_start")) return {};
  // Milliseconds, and after the point six digits of nanoseconds.
  int64_t ms = 0, ns = 0;
  if (!proc_text::TakeNumber(text, ms) || !proc_text::TakeChar(text, '.')) return {};
  if (!proc_text::TakeNumber(text, ns) || ms < 0 || ns < 0 || ns > 999'999) return {};
  if (ms > INT64_MAX / 1'000'000 - 1) return {};
  return ms * 1'000'000 + ns;
}

std::optional<int64_t> ParseVoluntarySwitches(std::string_view text) {
  int64_t switches = 0;
  if (!SkipToValue(text, "nr_voluntary_switches")) return {};
  if (!proc_text::TakeNumber(text, switches)) return {};
  return switches;
}

std::optional<int> ParseCpu(std::string_view text) {
  constexpr int kFieldsAfterName = 36;  // proc(5): processor is field 39, the name field 2.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return {};
  text.remove_prefix(name_end + 1);
  for (int i = 0; i < kFieldsAfterName; ++i) (void)proc_text::TakeWord(text);
  int cpu = 0;
  if (!proc_text::IsNumber(proc_text::TakeWord(text), cpu)) return {};
  return cpu;
}

std::optional<int64_t> ParseSleepingCall(std::string_view text) {
  int64_t number = -1;
  if (!proc_text::TakeNumber(text, number) || number < 0) return {};
  return number;
}

std::optional<int64_t> SleepClock::OffsetOf(int cpu) {
  const auto known = offsets_.find(cpu);
  if (known != offsets_.end()) return known->second;
  std::optional<int64_t>& offset = offsets_[cpu];
  cpu_set_t before, wanted;
  CPU_ZERO(&wanted);
  if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(0, sizeof before, &before) != 0) return {};
  CPU_SET(cpu, &wanted);
  if (sched_setaffinity(0, sizeof wanted, &wanted) != 0) return {};
  // Coming back from a sleep sets our exec_start.
  const timespec blink = {.tv_sec = 0, .tv_nsec = 1000};
  nanosleep(&blink, nullptr);
  const int64_t now = MonotonicNs();
  if (const auto text = Text("/proc/thread-self/sched")) {
    if (const auto start = ParseExecStartNs(*text)) offset = now - *start;
  }
  (void)sched_setaffinity(0, sizeof before, &before);
  return offset;
}

std::optional<SleepClock::Sleep> SleepClock::Measure(pid_t tid) {
  const std::string dir = StrCat("/proc/", pid_, "/task/", tid, "/");
  const auto sched = Text(dir + "sched");
  const auto stat = Text(dir + "stat");
  if (!sched || !stat) return {};
  const auto start = ParseExecStartNs(*sched);
  const auto switches = ParseVoluntarySwitches(*sched);
  const auto cpu = ParseCpu(*stat);
  if (!start || *start == 0 || !switches || !cpu) return {};
  const auto offset = OffsetOf(*cpu);
  if (!offset) return {};
  return Sleep{.asleep_for_ns = std::max<int64_t>(0, MonotonicNs() - (*start + *offset)),
               .switches = *switches};
}

bool SleepClock::LastedUntilStop(pid_t pid, pid_t tid, const Sleep& sleep) {
  const auto sched = Text(StrCat("/proc/", pid, "/task/", tid, "/sched"));
  return sched && ParseVoluntarySwitches(*sched) == sleep.switches + 1;
}

}  // namespace tardigrade
