#ifndef PLUGINS_THREAD_POINTERS_THREAD_POINTERS_STATE_H_
#define PLUGINS_THREAD_POINTERS_THREAD_POINTERS_STATE_H_

#include <cstdint>

#include "supervisor/image/fields.h"

namespace tardigrade::thread_pointers {

// Addresses in the tracee.
struct ThreadPointersState {
  uint64_t signal_stack = 0;
  uint64_t signal_stack_bytes = 0;
  uint32_t signal_stack_flags = 0;  // SS_DISABLE, SS_AUTODISARM; not SS_ONSTACK.
  uint64_t robust_list = 0;
  uint64_t robust_list_bytes = 0;  // Of the head.
  uint64_t clear_child_tid = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("signal_stack", self.signal_stack);
    visit("signal_stack_bytes", self.signal_stack_bytes);
    visit("signal_stack_flags", self.signal_stack_flags);
    visit("robust_list", self.robust_list);
    visit("robust_list_bytes", self.robust_list_bytes, Range<uint64_t>{0, 4096});
    visit("clear_child_tid", self.clear_child_tid);
  }
};

}  // namespace tardigrade::thread_pointers

#endif  // PLUGINS_THREAD_POINTERS_THREAD_POINTERS_STATE_H_
