#ifndef PLUGINS_ANONYMOUS_MEMORY_SHARED_ANONYMOUS_KIND_H_
#define PLUGINS_ANONYMOUS_MEMORY_SHARED_ANONYMOUS_KIND_H_

#include <string>

#include "supervisor/image/fields.h"
#include "supervisor/resource/mapping_kind.h"

namespace tardigrade::anonymous_memory {

struct SharedAnonymousState {
  // "inode:<dev>:<ino>" of the nameless tmpfs file behind it.  A second mapping with the same key
  // is the same memory: the engine, which sees all mappings, refuses or joins those.
  std::string object;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// mmap(MAP_SHARED | MAP_ANONYMOUS), and shared mappings of /dev/zero.  mm/shmem.c,
// shmem_zero_setup().
class SharedAnonymousKind final : public MappingKind {
 public:
  std::string_view name() const override { return "shared_anonymous"; }
  bool Claims(const MemoryMapping& mapping) const override;
  Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping,
                               CollectContext& context) const override;
  bool has_backing() const override { return false; }
  Result<std::optional<ScopedFd>> OpenBacking(const Value& state,
                                              CreateContext& context) const override;
};

}  // namespace tardigrade::anonymous_memory

#endif  // PLUGINS_ANONYMOUS_MEMORY_SHARED_ANONYMOUS_KIND_H_
