#ifndef PLUGINS_SYSV_MSG_SYSV_MSG_STATE_H_
#define PLUGINS_SYSV_MSG_SYSV_MSG_STATE_H_

#include <cstdint>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/resource/sysv_object.h"

namespace tardigrade::sysv_msg {

struct MessageState {
  int64_t type = 1;
  Attachment text;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("type", self.type, Range<int64_t>{1, INT64_MAX});
    visit("text", self.text);
  }
};

struct QueueState {
  SysvIdentity identity;
  uint64_t limit_bytes = 0;   // msg_qbytes
  int32_t last_sender = 0;    // Pids of the job's, as it sees them; 0 for others, or nobody.
  int32_t last_receiver = 0;
  std::vector<MessageState> messages;  // In order.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("identity", self.identity);
    visit("limit_bytes", self.limit_bytes, Range<uint64_t>{0, INT32_MAX});
    visit("last_sender", self.last_sender, Range<int32_t>{0, 1 << 22});
    visit("last_receiver", self.last_receiver, Range<int32_t>{0, 1 << 22});
    visit("messages", self.messages);
  }
};

struct SysvMsgState {
  std::vector<QueueState> queues;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("queues", self.queues);
  }
};

}  // namespace tardigrade::sysv_msg

#endif  // PLUGINS_SYSV_MSG_SYSV_MSG_STATE_H_
