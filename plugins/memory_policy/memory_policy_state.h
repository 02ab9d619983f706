#ifndef PLUGINS_MEMORY_POLICY_MEMORY_POLICY_STATE_H_
#define PLUGINS_MEMORY_POLICY_MEMORY_POLICY_STATE_H_

#include <string>

#include "supervisor/image/fields.h"

namespace tardigrade::memory_policy {

struct MemoryPolicyState {
  // As numa_maps would print it: "default", "bind:0-1"; "" where the kernel has no policies.
  std::string policy;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("policy", self.policy, Range<size_t>{0, 8192});
  }
};

}  // namespace tardigrade::memory_policy

#endif  // PLUGINS_MEMORY_POLICY_MEMORY_POLICY_STATE_H_
