#include "plugins/memory_bounds/memory_bounds_state.h"

#include <charconv>

namespace tardigrade::memory_bounds {
namespace {

// Splits "pid (comm) S 1 2 ...": element i is field i + 3 of proc(5).  `comm` may hold anything.
std::vector<std::string_view> FieldsFromState(std::string_view stat) {
  std::vector<std::string_view> fields;
  const size_t comm_end = stat.rfind(')');
  if (comm_end == std::string_view::npos) return fields;
  stat.remove_prefix(comm_end + 1);
  for (;;) {
    const size_t start = stat.find_first_not_of(" \n");
    if (start == std::string_view::npos) return fields;
    stat.remove_prefix(start);
    const size_t size = std::min(stat.find_first_of(" \n"), stat.size());
    fields.push_back(stat.substr(0, size));
    stat.remove_prefix(size);
  }
}

}  // namespace

Result<MemoryBoundsState> ParseStat(std::string_view stat) {
  const std::vector<std::string_view> fields = FieldsFromState(stat);
  MemoryBoundsState state;
  const struct {
    size_t field;  // As numbered in proc(5).
    uint64_t* out;
  } wanted[] = {{26, &state.start_code}, {27, &state.end_code}, {28, &state.start_stack},
                {45, &state.start_data}, {46, &state.end_data}, {47, &state.start_brk},
                {48, &state.arg_start},  {49, &state.arg_end},  {50, &state.env_start},
                {51, &state.env_end}};
  for (const auto& [field, out] : wanted) {
    if (field - 3 >= fields.size())
      return Error(ErrorCode::kInternal, StrCat("/proc/PID/stat has no field ", field));
    const std::string_view text = fields[field - 3];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    if (error != std::errc() || end != text.data() + text.size())
      return Error(ErrorCode::kInternal,
                   StrCat("field ", field, " of /proc/PID/stat is no number: ", text));
  }
  if (state.start_code <= 1)  // do_task_stat() in fs/proc/array.c prints 1 then.
    return Error(ErrorCode::kDenied,
                 "the kernel hides the bounds of the process's memory from this user");
  return state;
}

}  // namespace tardigrade::memory_bounds
