#ifndef SUPERVISOR_RESTORE_INHERITED_MEMORY_H_
#define SUPERVISOR_RESTORE_INHERITED_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/cow_areas.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Memory that several tasks have in common, which only fork(2) can give them: shared memory without a
// descriptor that several processes map, or that has to be attached, made by the root's task before there are others, and private
// memory shared copy-on-write (CowAreas).  All of it lies in a zone of addresses that is free in every
// process; each moves its part into place.
class InheritedMemory {
 public:
  // [start, end), both 0 if there is nothing to inherit.
  struct Zone {
    uint64_t start = 0;
    uint64_t end = 0;
  };
  struct Object {
    std::string key;
    uint64_t at = 0;     // Address in the zone.
    uint64_t bytes = 0;
    bool huge = false;
    // Set of memory that its kind attaches: the backing of one of its mappings.
    std::optional<KindState> attach;
    bool reserves = false;
  };

  // `taken`: address ranges that cannot be used, sorted by start, besides what the image's processes
  // map.  Errors: kSystem if there is no room.
  static Result<InheritedMemory> Plan(const LoadedImage& image, const KindList& kinds, std::vector<std::pair<uint64_t, uint64_t>> taken);

  const Zone& zone() const { return zone_; }
  bool HasObject(const std::string& key) const { return objects_.contains(key); }
  // Null if it is not inherited.
  const Object* Find(const std::string& key) const;

  const CowAreas& cow() const { return cow_; }

  // In the root's task, before it has children: makes the objects.
  Status Make(const KindList& kinds) const;

 private:
  Zone zone_;
  std::map<std::string, Object> objects_;
  CowAreas cow_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_INHERITED_MEMORY_H_
