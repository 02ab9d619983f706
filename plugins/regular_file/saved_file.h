#ifndef PLUGINS_REGULAR_FILE_SAVED_FILE_H_
#define PLUGINS_REGULAR_FILE_SAVED_FILE_H_

#include <string>

#include "supervisor/resource/contexts.h"

namespace tardigrade::regular_file {

// Files of which the image has a copy, and that have a name.  What becomes of one that is not as it
// was is decided here, once for all that have it open or mapped: see README.md.
class SavedFileObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "saved_file"; }
  bool may_be_mapped() const override { return true; }
  // The file that is now at the path, O_PATH.
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Saves a copy of the file behind `local_fd`, which `path` leads to, once; returns its key.
Result<std::string> AddSavedFile(int local_fd, const std::string& path, CollectContext& context);

// Errors: kUnsupported if `local_fd` is another file than the copy `key` stands for: the two were
// one file with two names.
Status CheckIsSavedFile(const std::string& key, const std::string& path, int local_fd,
                        CreateContext& context);

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_SAVED_FILE_H_
