#ifndef PLUGINS_AIO_AIO_RING_KIND_H_
#define PLUGINS_AIO_AIO_RING_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::aio {

// Contexts of asynchronous I/O, io_setup(2), by the ring that the kernel maps for each: its address is
// the number of the context.  fs/aio.c.
//
// The kernel goes by a tail of its own, which moves only as requests are completed: a new context is
// given reads of nothing until it is where the old one was.  Requests in flight are shown nowhere: the
// ring is watched until it is still, and the user is told.
class AioRingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "aio_ring"; }
  bool Claims(const MemoryMapping& mapping) const override { return mapping.path == "/[aio]" && mapping.deleted; }
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping, CollectContext& context) const override;
  // The file that is read in vain: an empty one.
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state, CreateContext& context) const override;
  bool is_made_by_plan() const override { return true; }
  Status PlanMaking(const Value& state, const MappingPlace& place, const AttachmentReader& attachments,
                    SyscallPlan& plan) const override;
};

}  // namespace tardigrade::aio

#endif  // PLUGINS_AIO_AIO_RING_KIND_H_
