#ifndef PLUGINS_PIPE_PIPE_OBJECT_H_
#define PLUGINS_PIPE_PIPE_OBJECT_H_

#include "supervisor/resource/contexts.h"

namespace tardigrade::pipe {

// Makes a pipe or opens a FIFO, with its capacity and unread data.  The descriptor is both a reader
// and a writer, so that nothing is lost and nobody sees an end before all ends are there.
class PipeObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "pipe"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::pipe

#endif  // PLUGINS_PIPE_PIPE_OBJECT_H_
