#include "plugins/rlimits/rlimits_state.h"

#include <charconv>
#include <string>

namespace tardigrade::rlimits {
namespace {

constexpr std::string_view kRows[kLimits] = {
    "Max cpu time",       "Max file size",     "Max data size",         "Max stack size",
    "Max core file size", "Max resident set",  "Max processes",         "Max open files",
    "Max locked memory",  "Max address space", "Max file locks",        "Max pending signals",
    "Max msgqueue size",  "Max nice priority", "Max realtime priority", "Max realtime timeout"};

// Takes the first word of `text`.
Result<uint64_t> TakeLimit(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  if (word == "unlimited") return UINT64_MAX;
  uint64_t limit = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), limit);
  if (error != std::errc() || end != word.data() + word.size())
    return Error(ErrorCode::kInternal, StrCat("not a limit: \"", word, "\""));
  return limit;
}

}  // namespace

Result<RlimitsState> ParseLimits(std::string_view text) {
  RlimitsState state;
  text.remove_prefix(
      std::min(std::min(text.find('\n'), text.size()) + 1, text.size()));  // The headings.
  for (size_t i = 0; i < kLimits; ++i) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(kRows[i]))
      return Error(ErrorCode::kInternal,
                   StrCat("expected \"", kRows[i], "\" in /proc/PID/limits: ", line));
    line.remove_prefix(kRows[i].size());
    ASSIGN_OR_RETURN(state.limits[i].soft, TakeLimit(line), "reading ", kRows[i]);
    ASSIGN_OR_RETURN(state.limits[i].hard, TakeLimit(line), "reading ", kRows[i]);
  }
  if (text.find_first_not_of('\n') != std::string_view::npos)
    return Error(ErrorCode::kUnsupported,
                 StrCat("this kernel has a limit that is not known here: ", text));
  return state;
}

Result<RlimitsState> Reachable(const RlimitsState& saved, const RlimitsState& own, bool may_raise) {
  RlimitsState reachable = saved;
  for (size_t i = 0; i < kLimits; ++i) {
    const LimitState& limit = saved.limits[i];
    if (limit.soft > limit.hard)
      return Error(ErrorCode::kBadImage,
                   StrCat("rlimits.limits[", i, "].soft is above the hard limit"));
    if (may_raise || limit.hard <= own.limits[i].hard) continue;
    reachable.limits[i].hard = own.limits[i].hard;
    if (limit.soft <= own.limits[i].hard) continue;
    return Error(ErrorCode::kDenied,
                 StrCat("the job ran with \"", kRows[i], "\" ", limit.soft, ", the limit here is ",
                        own.limits[i].hard,
                        "; raise the hard limit (ulimit -H), or restore with CAP_SYS_RESOURCE"));
  }
  return reachable;
}

}  // namespace tardigrade::rlimits
