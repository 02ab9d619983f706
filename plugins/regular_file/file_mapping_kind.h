#ifndef PLUGINS_REGULAR_FILE_FILE_MAPPING_KIND_H_
#define PLUGINS_REGULAR_FILE_FILE_MAPPING_KIND_H_

#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::regular_file {

// Mappings of regular files.
//
// A private one needs the very contents the file had, for the pages nobody has changed: executables
// and libraries are known again by build-id, other files by size and time.  A shared one is the
// file as it is. A file without a name is saved with its contents.
class FileMappingKind final : public MappingKind {
 public:
  std::string_view name() const override { return "file"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Status Check(pid_t pid, const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::regular_file

#endif  // PLUGINS_REGULAR_FILE_FILE_MAPPING_KIND_H_
