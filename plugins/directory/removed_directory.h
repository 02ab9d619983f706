#ifndef PLUGINS_DIRECTORY_REMOVED_DIRECTORY_H_
#define PLUGINS_DIRECTORY_REMOVED_DIRECTORY_H_

#include "supervisor/resource/contexts.h"
#include "supervisor/resource/removed_directory.h"

namespace tardigrade::directory {

// Directories that have been removed: made where they were, for a moment, together with those above
// them that are gone as well, so that ".." leads where it led.
class RemovedDirectoryObject final : public ObjectKind {
 public:
  std::string_view name() const override { return kRemovedDirectory; }
  // Working directories are each task's own business.
  bool may_be_mapped() const override { return true; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

}  // namespace tardigrade::directory

#endif  // PLUGINS_DIRECTORY_REMOVED_DIRECTORY_H_
