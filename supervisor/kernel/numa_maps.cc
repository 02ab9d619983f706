#include "supervisor/kernel/numa_maps.h"

#include "supervisor/kernel/proc_text.h"

namespace tardigrade {
namespace {

// The policy: two of the kernel's names have a blank in them.
std::string_view TakePolicy(std::string_view& line) {
  size_t name = 0;
  for (const std::string_view words : {"prefer (many)", "weighted interleave"}) {
    if (line.starts_with(words)) name = words.size();
  }
  const size_t end = line.find(' ', name);
  const std::string_view policy = line.substr(0, end);
  line.remove_prefix(policy.size());
  return policy;
}

}  // namespace

Result<NumaPolicies> ParseNumaMaps(std::string_view text) {
  NumaPolicies policies;
  while (!text.empty()) {
    const std::string_view line = proc_text::TakeLine(text);
    std::string_view rest = line;
    uint64_t start = 0;
    bool ok = proc_text::TakeNumber(rest, start, 16) && proc_text::TakeChar(rest, ' ');
    const std::string_view policy = TakePolicy(rest);
    ok = ok && !policy.empty() && policies.emplace(start, policy).second;
    if (!ok)
      return Error(ErrorCode::kInternal,
                   StrCat("cannot read this line of numa_maps: \"", line, "\""));
  }
  return policies;
}

}  // namespace tardigrade
