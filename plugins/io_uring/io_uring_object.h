#ifndef PLUGINS_IO_URING_IO_URING_OBJECT_H_
#define PLUGINS_IO_URING_IO_URING_OBJECT_H_

#include "supervisor/resource/contexts.h"

namespace tardigrade::io_uring {

// An instance with its memory.  One with a single issuer is made idle and left to IssuerKind.
class IoUringObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "io_uring"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_IO_URING_OBJECT_H_
