#ifndef PLUGINS_MEMFD_MEMFD_OBJECT_H_
#define PLUGINS_MEMFD_MEMFD_OBJECT_H_

#include <string>

#include "supervisor/resource/contexts.h"

namespace tardigrade::memfd {

// The file behind the descriptors and mappings of a memfd: contents first, seals last.
class MemfdObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "memfd"; }
  bool may_be_mapped() const override { return true; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Whether readlink or maps says so.
bool IsMemfdPath(std::string_view path);

// Errors: kUnsupported for one of huge pages.
Status CheckMemfd(int local_fd, const std::string& path);

// Saves the memfd behind `local_fd` once; returns its key.  `path` is "/memfd:NAME", with or
// without " (deleted)".
Result<std::string> AddMemfd(int local_fd, const std::string& path, CollectContext& context);

}  // namespace tardigrade::memfd

#endif  // PLUGINS_MEMFD_MEMFD_OBJECT_H_
