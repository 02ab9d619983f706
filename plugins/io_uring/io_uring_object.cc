#include "plugins/io_uring/io_uring_object.h"

#include "plugins/io_uring/io_uring_state.h"
#include "plugins/io_uring/ring_memory.h"
#include "plugins/io_uring/wind.h"

namespace tardigrade::io_uring {

Result<ScopedFd> IoUringObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const RingState state, Decode<RingState>(value, "io_uring"));
  io_uring_params params;
  ASSIGN_OR_RETURN(ScopedFd ring, MakeRing(state.shape, params));
  if (!state.shape.single_issuer) RETURN_IF_ERROR(WindTo(state, ring.get(), context.attachments()));
  return ring;
}

}  // namespace tardigrade::io_uring
