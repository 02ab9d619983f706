#include "plugins/rseq/rseq_kind.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "plugins/rseq/rseq_state.h"

namespace tardigrade::rseq {
namespace {

constexpr auto kGetRseqConfiguration = static_cast<__ptrace_request>(0x420f);
constexpr uint32_t kUnregister = 1;  // RSEQ_FLAG_UNREGISTER

struct Configuration {  // struct ptrace_rseq_configuration
  uint64_t address;
  uint32_t bytes;
  uint32_t signature;
  uint32_t flags;
  uint32_t padding;
};

}  // namespace

Result<Value> RseqKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                CollectContext&) const {
  Configuration found{};
  if (ptrace(kGetRseqConfiguration, task.tid, sizeof(found), &found) < 0)
    return Error::Errno("asking for the rseq area of thread ", task.tid);
  return Encode(RseqState{found.address, found.bytes, found.signature, found.flags});
}

Status RseqKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const RseqState state, Decode<RseqState>(value, "rseq"));
  if (state.address == 0) return Ok();
  if ((state.flags & kUnregister) != 0)
    return Error(ErrorCode::kBadImage, "rseq.flags asks to unregister");
  plan[Phase::kThread].Add("registering the rseq area", SYS_rseq,
                           {state.address, state.bytes, state.flags, state.signature});
  return Ok();
}

}  // namespace tardigrade::rseq
