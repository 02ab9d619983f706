#ifndef PLUGINS_SYSV_SHM_SYSV_SHM_STATE_H_
#define PLUGINS_SYSV_SHM_SYSV_SHM_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/resource/sysv_object.h"

namespace tardigrade::sysv_shm {

inline constexpr uint64_t kMostBytes = uint64_t{1} << 46;

struct SegmentState {
  SysvIdentity identity;  // The key as it was made with.
  uint64_t bytes = 0;
  bool locked = false;    // SHM_LOCK
  bool removed = false;   // IPC_RMID: it goes with the last who has it attached.
  FileContents contents;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("identity", self.identity);
    visit("bytes", self.bytes, Range<uint64_t>{1, kMostBytes});
    visit("locked", self.locked);
    visit("removed", self.removed);
    visit("contents", self.contents);
  }
};

struct SysvShmState {
  std::vector<SegmentState> segments;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("segments", self.segments);
  }
};

// A mapping of one.
struct AttachmentState {
  int32_t id = 0;
  uint64_t bytes = 0;     // Of the whole segment.
  bool writable = false;  // Not SHM_RDONLY.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("id", self.id, Range<int32_t>{0, INT32_MAX});
    visit("bytes", self.bytes, Range<uint64_t>{1, kMostBytes});
    visit("writable", self.writable);
  }
};

}  // namespace tardigrade::sysv_shm

#endif  // PLUGINS_SYSV_SHM_SYSV_SHM_STATE_H_
