#include "plugins/itimers/itimers_kind.h"

#include <sys/syscall.h>
#include <sys/time.h>

#include "plugins/itimers/itimers_state.h"

namespace tardigrade::itimers {
namespace {

constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr const char* kNames[] = {"ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"};

uint64_t ToUs(timeval time) {
  return static_cast<uint64_t>(time.tv_sec) * kUsPerSecond + static_cast<uint64_t>(time.tv_usec);
}

timeval ToTimeval(uint64_t us) {
  return {.tv_sec = static_cast<time_t>(us / kUsPerSecond),
          .tv_usec = static_cast<suseconds_t>(us % kUsPerSecond)};
}

}  // namespace

size_t ItimersKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  const size_t first = plan.size();
  for (int which = 0; which < 3; ++which)
    plan.Add(StrCat("asking for ", kNames[which]), SYS_getitimer,
             {which, Arg::Out(sizeof(itimerval))});
  return first;
}

Result<Value> ItimersKind::Collect(const TaskFacts&, const Outcome& answers, size_t first,
                                   CollectContext&) const {
  ItimersState state;
  for (size_t which = 0; which < 3; ++which) {
    const auto timer = answers.Output<itimerval>(first + which, 1);
    state.timers[which] = {ToUs(timer.it_value), ToUs(timer.it_interval)};
  }
  return Encode(state);
}

Status ItimersKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const ItimersState state, Decode<ItimersState>(value, "itimers"));
  for (size_t which = 0; which < 3; ++which) {
    const ItimerState& timer = state.timers[which];
    if (timer.left_us == 0 && timer.interval_us == 0) continue;
    const itimerval spec{.it_interval = ToTimeval(timer.interval_us),
                         .it_value = ToTimeval(timer.left_us)};
    plan[Phase::kArm].Add(StrCat("arming ", kNames[which]), SYS_setitimer,
                          {which, Arg::Copy(spec), 0});
  }
  return Ok();
}

}  // namespace tardigrade::itimers
