#ifndef PLUGINS_SYSV_SHM_SYSV_SHM_MAPPING_KIND_H_
#define PLUGINS_SYSV_SHM_SYSV_SHM_MAPPING_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::sysv_shm {

// Attached System V shared memory, or what is left of it after munmap(2) and mprotect(2).  What is in
// it is SysvShmKind's business.
class SysvShmMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "sysv_shm_mapping"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool has_backing() const override { return false; }
  bool attaches() const override { return true; }
  Result<uint64_t> AttachedBytes(const Value& state) const override;
  Status Attach(const Value& state, uint64_t address) const override;
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

// Whether maps shows such memory.
bool IsSysvShm(const MemoryMapping& mapping);

}  // namespace tardigrade::sysv_shm

#endif  // PLUGINS_SYSV_SHM_SYSV_SHM_MAPPING_KIND_H_
