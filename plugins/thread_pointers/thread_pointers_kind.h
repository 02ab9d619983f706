#ifndef PLUGINS_THREAD_POINTERS_THREAD_POINTERS_KIND_H_
#define PLUGINS_THREAD_POINTERS_THREAD_POINTERS_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::thread_pointers {

// Addresses the kernel keeps for a thread: alternate signal stack, head of the robust futex list,
// and the word that is cleared when it ends (set_tid_address(2)).
class ThreadPointersKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "thread_pointers"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::thread_pointers

#endif  // PLUGINS_THREAD_POINTERS_THREAD_POINTERS_KIND_H_
