#ifndef PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_STATE_H_
#define PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_STATE_H_

#include <cstdint>
#include <optional>

#include "supervisor/image/fields.h"

namespace tardigrade::process_settings {

// Absent: this kernel does not know the setting.
struct ProcessSettingsState {
  int32_t dumpable = 1;          // PR_GET_DUMPABLE
  bool child_subreaper = false;  // PR_GET_CHILD_SUBREAPER
  uint32_t thp_disable = 0;      // PR_GET_THP_DISABLE
  uint32_t membarrier = 0;       // MEMBARRIER_CMD_REGISTER_* that were done.
  int32_t oom_score_adj = 0;
  std::optional<bool> memory_merge;     // PR_GET_MEMORY_MERGE
  std::optional<uint32_t> mdwe;         // PR_GET_MDWE
  std::optional<uint32_t> core_filter;  // coredump_filter

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("dumpable", self.dumpable, Range<int32_t>{0, 2});
    visit("child_subreaper", self.child_subreaper);
    visit("thp_disable", self.thp_disable, Range<uint32_t>{0, 3});
    visit("membarrier", self.membarrier, Range<uint32_t>{0, 0x3ff});
    visit("oom_score_adj", self.oom_score_adj, Range<int32_t>{-1000, 1000});
    visit("memory_merge", self.memory_merge);
    visit("mdwe", self.mdwe, Range<uint32_t>{0, 3});
    visit("core_filter", self.core_filter);
  }
};

}  // namespace tardigrade::process_settings

#endif  // PLUGINS_PROCESS_SETTINGS_PROCESS_SETTINGS_STATE_H_
