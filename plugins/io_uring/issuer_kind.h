#ifndef PLUGINS_IO_URING_ISSUER_KIND_H_
#define PLUGINS_IO_URING_ISSUER_KIND_H_

#include "supervisor/resource/task_kind.h"

namespace tardigrade::io_uring {

// Which instances with a single issuer (IORING_SETUP_SINGLE_ISSUER) have the main thread for it:
// the kernel tells only those who ask for themselves.  At a restore the thread enables them, and
// brings them to where they were.
class IssuerKind final : public ProcessKind {
 public:
  std::string_view name() const override { return "io_uring_issuer"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
  Status DoInTask(const Value& state, CreateContext& context) const override;
};

// Threads that have an instance under a number of their own (IORING_REGISTER_RING_FDS): refused.
class RegisteredRingsKind final : public ThreadKind {
 public:
  std::string_view name() const override { return "io_uring_registered"; }
  size_t AddQueries(const TaskFacts& task, SyscallPlan& plan) const override;
  Result<Value> Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                        CollectContext& context) const override;
  Status Restore(const Value& state, const RestoreFacts& facts, TaskPlan& plan) const override;
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_ISSUER_KIND_H_
