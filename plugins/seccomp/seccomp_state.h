#ifndef PLUGINS_SECCOMP_SECCOMP_STATE_H_
#define PLUGINS_SECCOMP_SECCOMP_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::seccomp {

struct FilterState {
  uint64_t flags = 0;                  // SECCOMP_FILTER_FLAG_LOG or none.
  std::vector<uint64_t> instructions;  // struct sock_filter, one each.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("flags", self.flags);
    visit("instructions", self.instructions, Range<size_t>{1, 4096});
  }
};

struct SeccompState {
  std::vector<FilterState> filters;  // In the order of installation.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("filters", self.filters, Range<size_t>{0, 1024});
  }
};

}  // namespace tardigrade::seccomp

#endif  // PLUGINS_SECCOMP_SECCOMP_STATE_H_
