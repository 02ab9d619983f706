#include "plugins/bpf_map/bpf_map_object.h"

#include <linux/bpf.h>

#include "plugins/bpf_map/bpf_map_state.h"
#include "plugins/bpf_map/map_calls.h"

namespace tardigrade::bpf_map {

bool IsPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

bool CanBeMade(uint32_t type, uint32_t flags) {
  constexpr uint32_t kFlags = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_ZERO_SEED |
                              BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG | BPF_F_MMAPABLE |
                              BPF_F_INNER_MAP;
  switch (type) {
    case BPF_MAP_TYPE_HASH:
    case BPF_MAP_TYPE_ARRAY:
    case BPF_MAP_TYPE_PERCPU_HASH:
    case BPF_MAP_TYPE_PERCPU_ARRAY:
    case BPF_MAP_TYPE_LRU_HASH:
    case BPF_MAP_TYPE_LRU_PERCPU_HASH:
    case BPF_MAP_TYPE_LPM_TRIE:
      return (flags & ~kFlags) == 0;
    default:
      return false;
  }
}

Result<ScopedFd> BpfMapObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const MapState state, Decode<MapState>(value, "bpf_map"));
  if (!CanBeMade(state.type, state.flags) || IsPerCpu(state.type) != (state.cpus != 0))
    return Error(ErrorCode::kBadImage, "bpf_map.type, flags or cpus");
  if (state.cpus != 0) {
    ASSIGN_OR_RETURN(const uint32_t cpus, PossibleCpus());
    if (cpus != state.cpus)
      return Error(ErrorCode::kUnsupported, StrCat("a BPF map has values for ", state.cpus,
                                                   " processors, and there are ", cpus, " here"));
  }
  ASSIGN_OR_RETURN(ScopedFd map, MakeMap(state), "the BPF map \"", state.name, "\"");
  ASSIGN_OR_RETURN(std::vector<std::byte> entries,
                   context.attachments().Get(state.entries, kMostBytes));
  RETURN_IF_ERROR(WriteEntries(map.get(), state, std::move(entries)));
  if (state.frozen) RETURN_IF_ERROR(Freeze(map.get()));
  return map;
}

}  // namespace tardigrade::bpf_map
