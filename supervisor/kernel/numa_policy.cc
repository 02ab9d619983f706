#include "supervisor/kernel/numa_policy.h"

#include <charconv>
#include <utility>

namespace tardigrade {
namespace {

constexpr uint64_t kMaxNode = 4095;

Error Bad(std::string_view text) { return Error(ErrorCode::kBadImage, StrCat("not a memory policy: \"", text, "\"")); }

// include/uapi/linux/mempolicy.h
std::optional<int> ModeOf(std::string_view name) {
  constexpr std::pair<std::string_view, int> kModes[] = {
      {"prefer", 1}, {"bind", 2}, {"interleave", 3}, {"local", 4}, {"prefer (many)", 5}, {"weighted interleave", 6}};
  for (const auto& [known, mode] : kModes) {
    if (name == known) return mode;
  }
  return std::nullopt;
}

bool AddRange(std::string_view range, std::vector<uint64_t>& nodes) {
  uint64_t first = 0;
  auto [end, error] = std::from_chars(range.begin(), range.end(), first);
  if (error != std::errc{} || first > kMaxNode) return false;
  uint64_t last = first;
  if (end != range.end()) {
    if (*end != '-') return false;
    const auto [end2, error2] = std::from_chars(end + 1, range.end(), last);
    if (error2 != std::errc{} || end2 != range.end() || last > kMaxNode || last < first) return false;
  }
  if (nodes.size() <= last / 64) nodes.resize(last / 64 + 1);
  for (uint64_t node = first; node <= last; ++node) nodes[node / 64] |= uint64_t{1} << (node % 64);
  return true;
}

}  // namespace

Result<std::optional<NumaPolicy>> ParseNumaPolicy(std::string_view text) {
  if (text.empty() || text == "default") return std::optional<NumaPolicy>();
  const size_t colon = text.find(':');
  std::string_view name = text.substr(0, colon);
  NumaPolicy policy;
  if (const size_t equals = name.find('='); equals != std::string_view::npos) {
    const std::string_view flag = name.substr(equals + 1);
    if (flag == "static") {
      policy.mode = 1 << 15;  // MPOL_F_STATIC_NODES
    } else if (flag == "relative") {
      policy.mode = 1 << 14;  // MPOL_F_RELATIVE_NODES
    } else {
      return Bad(text);
    }
    name = name.substr(0, equals);
  }
  const std::optional<int> mode = ModeOf(name);
  if (!mode.has_value()) return Bad(text);
  policy.mode |= *mode;
  std::string_view list = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (!AddRange(list.substr(0, comma), policy.nodes)) return Bad(text);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return std::optional<NumaPolicy>(std::move(policy));
}

}  // namespace tardigrade
