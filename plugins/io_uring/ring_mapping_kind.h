#ifndef PLUGINS_IO_URING_RING_MAPPING_KIND_H_
#define PLUGINS_IO_URING_RING_MAPPING_KIND_H_

#include "plugins/io_uring/abi.h"
#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::io_uring {

// The rings and submission entries of an io_uring instance, by the inode of its descriptor.
class RingMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "io_uring_memory"; }
  bool Claims(const MemoryMapping& mapping) const override { return mapping.path == kLink; }
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
  // The kernel alone chooses where: io_uring_get_unmapped_area() (io_uring/memmap.c) refuses any
  // address, also to mremap(2).
  bool is_made_by_plan() const override { return true; }
  Status PlanMaking(const Value& state, const MappingPlace& place,
                    const AttachmentReader& attachments, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_RING_MAPPING_KIND_H_
