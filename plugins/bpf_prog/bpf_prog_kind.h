#ifndef PLUGINS_BPF_PROG_BPF_PROG_KIND_H_
#define PLUGINS_BPF_PROG_BPF_PROG_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::bpf_prog {

// Descriptors of BPF programs that nobody but the job has.  kernel/bpf/syscall.c; see README.md.
class BpfProgKind final : public FdKind {
 public:
  std::string_view name() const override { return "bpf_prog"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:bpf-prog"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_BPF_PROG_KIND_H_
