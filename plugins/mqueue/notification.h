#ifndef PLUGINS_MQUEUE_NOTIFICATION_H_
#define PLUGINS_MQUEUE_NOTIFICATION_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "supervisor/image/fields.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::mqueue {

// What one process has asked for with mq_notify(3), as mq_notify(2) takes it.
struct NotificationState {
  int32_t notify = 0;  // SIGEV_SIGNAL, SIGEV_NONE or SIGEV_THREAD
  // The signal, or for SIGEV_THREAD the number of the socket that the C library waits at.
  int32_t signal = 0;
  uint64_t value = 0;                   // Of SIGEV_SIGNAL.
  std::array<uint8_t, 32> cookie = {};  // Of SIGEV_THREAD: what the socket is sent.
  // Of processes that share a descriptor table, the one that asked; 0: the first of them.
  int32_t sharer = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("notify", self.notify, Range<int32_t>{0, 2});
    visit("signal", self.signal, Range<int32_t>{0, INT32_MAX});
    visit("value", self.value);
    visit("cookie", self.cookie);
    visit("sharer", self.sharer, Range<int32_t>{0, INT32_MAX});
  }
};

// Who wants to be notified of a message in the queue, as its own file tells.
struct Asked {
  int notify = 0;
  int signal = 0;
  pid_t pid = 0;  // As the caller sees it.
};
Result<std::optional<Asked>> WhoAsked(const FdFacts& file);

// Errors: kUnsupported for what cannot be asked for again; kDenied for what only root can see.
Status CheckNotification(const FdFacts& file, std::span<const FdFacts> all);

// For FdKind::CollectOfProcess().
Result<Value> CollectNotification(const FdFacts& file);

// For FdKind::PlanOfProcess().
Status PlanNotification(const Value& of_process, int fd, int32_t sharer, SyscallPlan& plan);

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_NOTIFICATION_H_
