#include "supervisor/kernel/numa_policy.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace tardigrade {
namespace {

constexpr uint64_t kMaxNode = kMaxNumaNodes - 1;

Error Bad(std::string_view text) { return Error(ErrorCode::kBadImage, StrCat("not a memory policy: \"", text, "\"")); }

// include/uapi/linux/mempolicy.h
constexpr std::pair<std::string_view, int> kModes[] = {
    {"prefer", 1}, {"bind", 2},          {"interleave", 3},
    {"local", 4},  {"prefer (many)", 5}, {"weighted interleave", 6}};
constexpr std::pair<std::string_view, int> kFlags[] = {
    {"static", 1 << 15}, {"relative", 1 << 14}, {"balancing", 1 << 13}};

std::optional<int> ModeOf(std::string_view name) {
  for (const auto& [known, mode] : kModes) {
    if (name == known) return mode;
  }
  return std::nullopt;
}

// "static", "static|balancing"
bool AddFlags(std::string_view text, int& mode) {
  while (true) {
    const size_t bar = text.find('|');
    const auto it = std::find_if(std::begin(kFlags), std::end(kFlags), [&](const auto& flag) {
      return flag.first == text.substr(0, bar);
    });
    if (it == std::end(kFlags)) return false;
    mode |= it->second;
    if (bar == std::string_view::npos) return true;
    text.remove_prefix(bar + 1);
  }
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
    if (!AddFlags(name.substr(equals + 1), policy.mode)) return Bad(text);
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

Result<std::string> FormatNumaPolicy(const NumaPolicy& policy) {
  int left = policy.mode;
  std::string flags;
  for (const auto& [name, flag] : kFlags) {
    if ((left & flag) == 0) continue;
    flags += (flags.empty() ? "=" : "|") + std::string(name);
    left &= ~flag;
  }
  std::string text = left == 0 && flags.empty() ? "default" : "";
  for (const auto& [name, mode] : kModes) {
    if (left == mode) text = std::string(name) + flags;
  }
  if (text.empty())
    return Error(ErrorCode::kUnsupported, StrCat("it has a NUMA policy of a mode (", Hex(static_cast<uint64_t>(policy.mode)),
                                                 ") that this version does not know; a newer one may"));
  char separator = ':';
  for (size_t node = 0; node < policy.nodes.size() * 64; ++node) {
    if ((policy.nodes[node / 64] >> (node % 64) & 1) == 0) continue;
    text += StrCat(std::string(1, separator), node);
    separator = ',';
  }
  return text;
}

}  // namespace tardigrade
