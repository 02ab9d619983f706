#ifndef PLUGINS_BPF_PROG_BPF_PROG_OBJECT_H_
#define PLUGINS_BPF_PROG_BPF_PROG_OBJECT_H_

#include "supervisor/resource/contexts.h"

namespace tardigrade::bpf_prog {

// The program behind descriptors: loaded again.
class BpfProgObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "bpf_prog"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Whether programs of this type need nothing but their instructions.
bool CanBeLoaded(uint32_t type);

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_BPF_PROG_OBJECT_H_
