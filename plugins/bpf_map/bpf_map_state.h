#ifndef PLUGINS_BPF_MAP_BPF_MAP_STATE_H_
#define PLUGINS_BPF_MAP_BPF_MAP_STATE_H_

#include <cstdint>
#include <string>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::bpf_map {

inline constexpr uint32_t kMostKeyBytes = 512;  // MAX_BPF_STACK, as htab_map_alloc_check() has it.
inline constexpr uint32_t kMostValueBytes = 32 << 20;
inline constexpr uint64_t kMostBytes = uint64_t{1} << 30;  // Of all entries.

// One description of a map.
struct BpfMapState {
  OpenFileState open;
  std::string object;  // Key of the MapState.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// The map itself.
struct MapState {
  uint32_t type = 0;  // BPF_MAP_TYPE_*
  uint32_t key_bytes = 0;
  uint32_t value_bytes = 0;
  uint32_t most_entries = 0;
  uint32_t flags = 0;  // BPF_F_*
  std::string name;
  bool frozen = false;
  uint32_t cpus = 0;   // For which there are values, each padded to 8 bytes; 0: one value for all.
  Attachment entries;  // Key, value(s), key, value(s), ...

  // Of an entry's values.
  uint64_t slot_bytes() const {
    return cpus == 0 ? value_bytes : (uint64_t{value_bytes} + 7) / 8 * 8 * cpus;
  }
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("type", self.type);
    visit("key_bytes", self.key_bytes, Range<uint32_t>{1, kMostKeyBytes});
    visit("value_bytes", self.value_bytes, Range<uint32_t>{1, kMostValueBytes});
    visit("most_entries", self.most_entries, Range<uint32_t>{1, UINT32_MAX});
    visit("flags", self.flags);
    visit("name", self.name, Range<size_t>{0, 15});
    visit("frozen", self.frozen);
    visit("cpus", self.cpus, Range<uint32_t>{0, 65536});
    visit("entries", self.entries);
  }
};

}  // namespace tardigrade::bpf_map

#endif  // PLUGINS_BPF_MAP_BPF_MAP_STATE_H_
