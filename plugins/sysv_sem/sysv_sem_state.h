#ifndef PLUGINS_SYSV_SEM_SYSV_SEM_STATE_H_
#define PLUGINS_SYSV_SEM_SYSV_SEM_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/resource/sysv_object.h"

namespace tardigrade::sysv_sem {

inline constexpr int32_t kMaxValue = 32767;  // SEMVMX

struct SemaphoreState {
  int32_t value = 0;
  int32_t last_pid = 0;  // Of the job's process that changed it last (GETPID), as the job sees it; or 0.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("value", self.value, Range<int32_t>{0, kMaxValue});
    visit("last_pid", self.last_pid, Range<int32_t>{0, 1 << 22});
  }
};

// What is added to a semaphore when a process ends (SEM_UNDO).
struct UndoState {
  int32_t pid = 0;  // As the job sees it.
  int32_t semaphore = 0;
  int32_t adjustment = 0;

  bool operator==(const UndoState&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("pid", self.pid, Range<int32_t>{1, 1 << 22});
    visit("semaphore", self.semaphore, Range<int32_t>{0, 65535});
    visit("adjustment", self.adjustment, Range<int32_t>{-kMaxValue, kMaxValue});
  }
};

struct SetState {
  SysvIdentity identity;
  std::vector<SemaphoreState> semaphores;
  std::vector<UndoState> undo;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("identity", self.identity);
    visit("semaphores", self.semaphores, Range<size_t>{1, 65536});
    visit("undo", self.undo);
  }
};

struct SysvSemState {
  std::vector<SetState> sets;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("sets", self.sets);
  }
};

}  // namespace tardigrade::sysv_sem

#endif  // PLUGINS_SYSV_SEM_SYSV_SEM_STATE_H_
