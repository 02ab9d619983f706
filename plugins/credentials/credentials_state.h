#ifndef PLUGINS_CREDENTIALS_CREDENTIALS_STATE_H_
#define PLUGINS_CREDENTIALS_CREDENTIALS_STATE_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::credentials {

struct CredentialsState {
  std::array<uint32_t, 4>
      uids{};  // Real, effective, saved, file system; as the supervisor sees them.
  std::array<uint32_t, 4> gids{};
  std::vector<uint32_t> groups;
  uint64_t inheritable = 0;  // Capability sets, bit by CAP_*.
  uint64_t permitted = 0;
  uint64_t effective = 0;
  uint64_t bounding = 0;
  uint64_t ambient = 0;
  uint32_t securebits = 0;  // PR_GET_SECUREBITS; SECBIT_KEEP_CAPS is PR_GET_KEEPCAPS.
  bool no_new_privs = false;

  bool operator==(const CredentialsState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("uids", self.uids);
    visit("gids", self.gids);
    visit("groups", self.groups, Range<size_t>{0, 65536});
    visit("inheritable", self.inheritable);
    visit("permitted", self.permitted);
    visit("effective", self.effective);
    visit("bounding", self.bounding);
    visit("ambient", self.ambient);
    visit("securebits", self.securebits, Range<uint32_t>{0, 0xfff});
    visit("no_new_privs", self.no_new_privs);
  }
};

// All but securebits, from the text of /proc/<pid>/status.
Result<CredentialsState> ParseStatus(std::string_view status);

}  // namespace tardigrade::credentials

#endif  // PLUGINS_CREDENTIALS_CREDENTIALS_STATE_H_
