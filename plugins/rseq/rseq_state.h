#ifndef PLUGINS_RSEQ_RSEQ_STATE_H_
#define PLUGINS_RSEQ_RSEQ_STATE_H_

#include <cstdint>

#include "supervisor/image/fields.h"

namespace tardigrade::rseq {

struct RseqState {
  uint64_t address = 0;  // In the tracee; 0: not registered.
  uint32_t bytes = 0;
  uint32_t signature = 0;
  uint32_t flags = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("address", self.address);
    visit("bytes", self.bytes);
    visit("signature", self.signature);
    visit("flags", self.flags);
  }
};

}  // namespace tardigrade::rseq

#endif  // PLUGINS_RSEQ_RSEQ_STATE_H_
