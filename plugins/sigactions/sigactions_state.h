#ifndef PLUGINS_SIGACTIONS_SIGACTIONS_STATE_H_
#define PLUGINS_SIGACTIONS_SIGACTIONS_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/image/fields.h"

namespace tardigrade::sigactions {

// One handler that is not the default one.
struct ActionState {
  int32_t signal = 0;
  uint64_t handler = 0;  // An address in the tracee, or SIG_IGN.
  uint64_t flags = 0;    // SA_*
  uint64_t restorer = 0;
  uint64_t mask = 0;

  bool operator==(const ActionState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("signal", self.signal, Range<int32_t>{1, 64});
    visit("handler", self.handler);
    visit("flags", self.flags);
    visit("restorer", self.restorer);
    visit("mask", self.mask);
  }
};

struct SigactionsState {
  std::vector<ActionState> actions;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("actions", self.actions, Range<size_t>{0, 64});
  }
};

}  // namespace tardigrade::sigactions

#endif  // PLUGINS_SIGACTIONS_SIGACTIONS_STATE_H_
