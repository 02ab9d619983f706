#ifndef PLUGINS_MQUEUE_MQUEUE_OBJECT_H_
#define PLUGINS_MQUEUE_MQUEUE_OBJECT_H_

#include "supervisor/resource/contexts.h"

namespace tardigrade::mqueue {

// The queue behind descriptors: one that is still there stays as it is, as a file does; else it is
// made with its messages.
class MqueueObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "mqueue"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_MQUEUE_OBJECT_H_
