#ifndef SUPERVISOR_KERNEL_NUMA_POLICY_H_
#define SUPERVISOR_KERNEL_NUMA_POLICY_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// A memory policy as mbind(2) takes it.
struct NumaPolicy {
  int mode = 0;                 // MPOL_* with MPOL_F_* flags.
  std::vector<uint64_t> nodes;  // Bit n of the whole is node n.
  bool operator==(const NumaPolicy&) const = default;
};

// Parses a policy as numa_maps prints it (mm/mempolicy.c, mpol_to_str()): "bind:0-1",
// "interleave=static:0,2".  Empty for "default" and "".  Errors: kBadImage.
Result<std::optional<NumaPolicy>> ParseNumaPolicy(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_NUMA_POLICY_H_
