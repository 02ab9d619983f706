#include "supervisor/image/shared_state.h"

#include <map>

namespace tardigrade {
namespace {

// How many makers each has above it.
Result<std::vector<size_t>> Depths(std::span<const size_t> maker) {
  std::vector<size_t> depth(maker.size());
  for (size_t i = 0; i < maker.size(); ++i) {
    for (size_t at = maker[i]; at != kNobody; at = maker[at]) {
      if (++depth[i] > maker.size())
        return Error(ErrorCode::kBadImage, "a process comes from itself");
    }
  }
  return depth;
}

// The nearest that both come from, or are; kNobody if there is none.
size_t CommonMaker(std::span<const size_t> maker, std::span<const size_t> depth, size_t a,
                   size_t b) {
  while (a != b && a != kNobody && b != kNobody) {
    size_t& lower = depth[a] > depth[b] ? a : b;
    lower = maker[lower];
  }
  return a == b ? a : kNobody;
}

}  // namespace

Result<std::vector<size_t>> GroupsAtBirth(std::span<const size_t> maker,
                                          std::span<const size_t> group) {
  ASSIGN_OR_RETURN(const std::vector<size_t> depth, Depths(maker));
  std::map<size_t, size_t> top;  // Group -> whom all of its members come from.
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i] == kNobody) continue;
    const auto [it, first] = top.emplace(group[i], i);
    if (!first) it->second = CommonMaker(maker, depth, it->second, i);
    if (it->second == kNobody) return Error(ErrorCode::kUnsupported, "nobody has made them all");
  }
  std::vector<size_t> born_with(group.size(), kNobody);
  for (size_t i = 0; i < group.size(); ++i) {
    if (group[i] == kNobody) continue;
    for (size_t at = i; at != top[group[i]] && born_with[at] != group[i]; at = maker[at]) {
      if (born_with[at] != kNobody)
        return Error(ErrorCode::kUnsupported,
                     "one would have to be born with what it cannot share");
      born_with[at] = group[i];
    }
  }
  // Who was born with what it keeps cannot give others anything else that they have in common.
  for (size_t i = 0; i < group.size(); ++i) {
    const size_t by = maker[i];
    if (by == kNobody || born_with[i] == kNobody || born_with[by] == kNobody) continue;
    if (born_with[by] == group[by] && born_with[i] != group[by])
      return Error(ErrorCode::kUnsupported,
                   "one would have to make others that share what it does not have");
  }
  return born_with;
}

std::vector<bool> MakeBySiblings(std::vector<size_t>& maker, std::span<const size_t> memory,
                                 std::span<const size_t> signal_handlers) {
  const std::vector<size_t> parent = maker;
  std::vector<bool> siblings(maker.size());
  for (size_t i = 0; i < maker.size(); ++i) {
    for (const std::span<const size_t> group : {signal_handlers, memory}) {
      if (group[i] == kNobody || group[i] == i || siblings[i]) continue;
      if (parent[i] != kNobody && group[parent[i]] == group[i]) break;
      for (size_t other = 0; other < i && !siblings[i]; ++other) {
        if (parent[other] != parent[i] || group[other] != group[i]) continue;
        maker[i] = other;
        siblings[i] = true;
      }
    }
  }
  return siblings;
}

}  // namespace tardigrade
