#ifndef SUPERVISOR_KERNEL_NUMA_POLICY_H_
#define SUPERVISOR_KERNEL_NUMA_POLICY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// What get_mempolicy(2) must have room for: as many nodes as any kernel is built for
// (MAX_NUMNODES, CONFIG_NODES_SHIFT is at most 10 on x86-64).
inline constexpr uint64_t kMaxNumaNodes = 1024;

// A memory policy as mbind(2), set_mempolicy(2) and get_mempolicy(2) know it.
struct NumaPolicy {
  int mode = 0;                 // MPOL_* with MPOL_F_* flags.
  std::vector<uint64_t> nodes;  // Bit n of the whole is node n.

  // What the system calls want as `maxnode`: they look at one bit less (mm/mempolicy.c,
  // get_nodes()).
  uint64_t maxnode() const { return nodes.size() * 64 + 1; }
  bool operator==(const NumaPolicy&) const = default;
};

// Parses a policy as numa_maps prints it (mm/mempolicy.c, mpol_to_str()): "bind:0-1",
// "interleave=static:0,2".  Empty for "default" and "".  Errors: kBadImage.
Result<std::optional<NumaPolicy>> ParseNumaPolicy(std::string_view text);

// The same text for a policy; "default" for MPOL_DEFAULT.  Errors: kUnsupported for a mode or flag
// that is newer than this version.
Result<std::string> FormatNumaPolicy(const NumaPolicy& policy);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_NUMA_POLICY_H_
