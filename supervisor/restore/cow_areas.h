#ifndef SUPERVISOR_RESTORE_COW_AREAS_H_
#define SUPERVISOR_RESTORE_COW_AREAS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// Private memory that processes have from their parents and have not written since: pages that the
// image holds once (protocol::kPageExtentSameAsParent).  To be shared copy-on-write again, such memory
// is filled before the children are forked, at addresses that are free in every process, and each
// process moves its part to where it belongs.
class CowAreas {
 public:
  static constexpr size_t npos = ~size_t{0};

  // What several processes' mappings at one address come from: the union of these.
  struct Area {
    uint64_t at = 0;     // Where it is made.
    uint64_t start = 0;  // [start, end): the final addresses.
    uint64_t end = 0;
    int prot = 0;
    bool grows_down = false;
    bool reserves = false;
    size_t maker = 0;    // The process that makes it; its descendants inherit it.
    size_t mapping = 0;  // One of the maker's mappings of it.
  };

  // Errors: kBadImage for pages that no parent has.
  static Result<CowAreas> Plan(const LoadedImage& image);

  // Bytes of addresses that all areas take, and where they begin (aligned to 2 MiB): areas then have
  // their addresses.
  uint64_t bytes() const { return bytes_; }
  void Place(uint64_t start);

  // Null if the mapping is not in an area.
  const Area* Find(size_t process, size_t mapping) const;

  // In the task of a process, before it forks: makes its areas, takes away what its parent has and it
  // has not, and reads what is its own.  `open_backing` opens the file behind one of its mappings.
  Status Fill(size_t process, const LoadedProcess& image,
              const std::function<Result<ScopedFd>(size_t mapping)>& open_backing) const;

 private:
  using Range = std::pair<uint64_t, uint64_t>;  // [start, end), final addresses.
  // Of one process.
  struct Work {
    std::vector<size_t> area_of;  // Per mapping.
    std::vector<Range> drop;
  };
  class Planner;

  Status Make(const Area& area, const LoadedProcess& image,
              const std::function<Result<ScopedFd>(size_t mapping)>& open_backing) const;
  Status Read(const LoadedProcess& image, const Work& work) const;
  // Where the final address is for now; 0 if in no area.
  uint64_t At(const LoadedProcess& image, const Work& work, uint64_t address, uint64_t* end) const;

  std::vector<Area> areas_;
  std::vector<Work> work_;  // Per process; empty if it takes no part.
  uint64_t bytes_ = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_COW_AREAS_H_
