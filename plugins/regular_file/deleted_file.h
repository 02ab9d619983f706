#ifndef PLUGINS_REGULAR_FILE_DELETED_FILE_H_
#define PLUGINS_REGULAR_FILE_DELETED_FILE_H_

#include <string>

#include "supervisor/resource/contexts.h"

namespace tardigrade::regular_file {

// Files without a name, with their contents, shared by the descriptions and mappings of them.
class DeletedFileObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "deleted_file"; }
  bool may_be_mapped() const override { return true; }
  // Made without a name in the directory it was in, else in the nearest that is left, else in /tmp.
  // Sets aside the description that it was made by (O_TMPFILE, O_RDWR).
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Saves the file behind `local_fd`, open for reading, once; returns its key.
Result<std::string> AddDeletedFile(int local_fd, const std::string& path, CollectContext& context);

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_DELETED_FILE_H_
