#ifndef PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_STATE_H_
#define PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_STATE_H_

#include <climits>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::memory_bounds {

// Addresses in the tracee.
struct MemoryBoundsState {
  uint64_t start_code = 0;
  uint64_t end_code = 0;
  uint64_t start_data = 0;
  uint64_t end_data = 0;
  uint64_t start_brk = 0;
  uint64_t brk = 0;
  uint64_t start_stack = 0;
  uint64_t arg_start = 0;
  uint64_t arg_end = 0;
  uint64_t env_start = 0;
  uint64_t env_end = 0;
  std::vector<uint64_t> auxv;  // Pairs of type and value.
  std::string exe;             // Absolute path of the executable.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("start_code", self.start_code);
    visit("end_code", self.end_code);
    visit("start_data", self.start_data);
    visit("end_data", self.end_data);
    visit("start_brk", self.start_brk);
    visit("brk", self.brk);
    visit("start_stack", self.start_stack);
    visit("arg_start", self.arg_start);
    visit("arg_end", self.arg_end);
    visit("env_start", self.env_start);
    visit("env_end", self.env_end);
    visit("auxv", self.auxv, Range<size_t>{0, 256});
    visit("exe", self.exe, Range<size_t>{1, PATH_MAX - 1});
  }
};

// The bounds in the text of /proc/<pid>/stat; all but brk, auxv and exe.  Errors: kDenied if the
// kernel hides them from this reader.
Result<MemoryBoundsState> ParseStat(std::string_view stat);

}  // namespace tardigrade::memory_bounds

#endif  // PLUGINS_MEMORY_BOUNDS_MEMORY_BOUNDS_STATE_H_
