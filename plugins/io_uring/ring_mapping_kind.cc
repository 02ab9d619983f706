#include "plugins/io_uring/ring_mapping_kind.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/ring_key.h"

namespace tardigrade::io_uring {

Status RingMappingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  const std::string where =
      StrCat("the mapping at ", Hex(mapping.start), " is of an io_uring instance");
  if (mapping.offset != IORING_OFF_SQ_RING && mapping.offset != IORING_OFF_CQ_RING &&
      mapping.offset != IORING_OFF_SQES)
    return Error(ErrorCode::kUnsupported, StrCat(where,
                                                 " and no part of its rings (provided buffers?), "
                                                 "which cannot be saved; unregister them first"));
  ASSIGN_OR_RETURN(const std::vector<OpenRing> rings, ListRings(pid));
  if (std::any_of(rings.begin(), rings.end(),
                  [&](const OpenRing& ring) { return ring.inode == mapping.inode; }))
    return Ok();
  return Error(ErrorCode::kUnsupported, StrCat(where,
                                               " of which the process has no descriptor, so that "
                                               "it cannot be looked into; keep it open"));
}

Result<MappingState> RingMappingKind::Collect(pid_t, const MemoryMapping& mapping,
                                              CollectContext&) const {
  return MappingState{.pages = PagePolicy::kNone,
                      .state = Encode(RingMappingState{.object = RingKey(mapping.inode)})};
}

Result<std::optional<ScopedFd>> RingMappingKind::OpenBacking(const Value& value,
                                                             CreateContext& context) const {
  ASSIGN_OR_RETURN(const RingMappingState state,
                   Decode<RingMappingState>(value, "io_uring_memory"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ScopedFd ring(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!ring.valid()) return Error::Errno("duplicating an io_uring instance");
  return std::optional(std::move(ring));
}

Status RingMappingKind::PlanMaking(const Value& value, const MappingPlace& place,
                                   const AttachmentReader&, SyscallPlan& plan) const {
  RETURN_IF_ERROR(Decode<RingMappingState>(value, "io_uring_memory"));
  plan.Add("mapping the memory of an io_uring instance", SYS_mmap,
           {0, place.bytes, place.prot, MAP_SHARED, place.fd, place.offset},
           {.may_fail = false, .exactly = static_cast<int64_t>(place.start)});
  return Ok();
}

}  // namespace tardigrade::io_uring
