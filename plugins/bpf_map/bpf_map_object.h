#ifndef PLUGINS_BPF_MAP_BPF_MAP_OBJECT_H_
#define PLUGINS_BPF_MAP_BPF_MAP_OBJECT_H_

#include "supervisor/resource/contexts.h"

namespace tardigrade::bpf_map {

// The map behind descriptors: made again with what was in it.
class BpfMapObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "bpf_map"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Whether maps of this type, with these flags, can be made as they were.
bool CanBeMade(uint32_t type, uint32_t flags);
// Whether each processor has a value of its own.
bool IsPerCpu(uint32_t type);

}  // namespace tardigrade::bpf_map

#endif  // PLUGINS_BPF_MAP_BPF_MAP_OBJECT_H_
