#include "plugins/credentials/credentials_state.h"

#include <algorithm>
#include <string>

#include "supervisor/kernel/task_status.h"

namespace tardigrade::credentials {
namespace {

Result<std::array<uint32_t, 4>> ParseIds(std::string_view status, std::string_view key) {
  ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, StatusNumbers(status, key, 10));
  if (numbers.size() != 4) return Error(ErrorCode::kInternal, StrCat(key, " is not four ids"));
  std::array<uint32_t, 4> ids{};
  std::transform(numbers.begin(), numbers.end(), ids.begin(),
                 [](uint64_t id) { return static_cast<uint32_t>(id); });
  return ids;
}

}  // namespace

Result<CredentialsState> ParseStatus(std::string_view status) {
  CredentialsState state;
  ASSIGN_OR_RETURN(state.uids, ParseIds(status, "Uid"));
  ASSIGN_OR_RETURN(state.gids, ParseIds(status, "Gid"));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> groups, StatusNumbers(status, "Groups", 10));
  for (uint64_t group : groups) state.groups.push_back(static_cast<uint32_t>(group));
  ASSIGN_OR_RETURN(state.inheritable, StatusNumber(status, "CapInh", 16));
  ASSIGN_OR_RETURN(state.permitted, StatusNumber(status, "CapPrm", 16));
  ASSIGN_OR_RETURN(state.effective, StatusNumber(status, "CapEff", 16));
  ASSIGN_OR_RETURN(state.bounding, StatusNumber(status, "CapBnd", 16));
  ASSIGN_OR_RETURN(state.ambient, StatusNumber(status, "CapAmb", 16));
  ASSIGN_OR_RETURN(const uint64_t no_new_privs, StatusNumber(status, "NoNewPrivs", 10));
  state.no_new_privs = no_new_privs != 0;
  return state;
}

}  // namespace tardigrade::credentials
