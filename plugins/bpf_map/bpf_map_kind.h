#ifndef PLUGINS_BPF_MAP_BPF_MAP_KIND_H_
#define PLUGINS_BPF_MAP_BPF_MAP_KIND_H_

#include "supervisor/resource/fd_kind.h"

namespace tardigrade::bpf_map {

// Descriptors of BPF maps that nobody but the job has.  kernel/bpf/syscall.c; see README.md.
class BpfMapKind final : public FdKind {
 public:
  std::string_view name() const override { return "bpf_map"; }
  bool Claims(const FdFacts& file) const override { return file.link == "anon_inode:bpf-map"; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::bpf_map

#endif  // PLUGINS_BPF_MAP_BPF_MAP_KIND_H_
