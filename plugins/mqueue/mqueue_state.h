#ifndef PLUGINS_MQUEUE_MQUEUE_STATE_H_
#define PLUGINS_MQUEUE_MQUEUE_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::mqueue {

// One description of a queue.
struct MqueueState {
  OpenFileState open;
  uint64_t offset = 0;  // Of read(2), which shows the queue's status: bytes.
  std::string object;   // Key of the QueueState.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("offset", self.offset, Range<uint64_t>{0, INT64_MAX});
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

struct MessageState {
  uint32_t priority = 0;
  Attachment text;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("priority", self.priority, Range<uint32_t>{0, 32767});
    visit("text", self.text);
  }
};

// The queue itself.
struct QueueState {
  std::string name;      // "/NAME"
  bool removed = false;  // mq_unlink(3)
  uint32_t mode = 0;     // Permission bits.
  uint32_t uid = 0, gid = 0;
  int64_t most_messages = 0;
  int64_t message_bytes = 0;
  std::vector<MessageState> messages;  // As they would be received.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name, Range<size_t>{2, 256});
    visit("removed", self.removed);
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("uid", self.uid);
    visit("gid", self.gid);
    visit("most_messages", self.most_messages, Range<int64_t>{1, 65536});
    visit("message_bytes", self.message_bytes, Range<int64_t>{1, 16 << 20});
    visit("messages", self.messages, Range<size_t>{0, 65536});
  }
};

}  // namespace tardigrade::mqueue

#endif  // PLUGINS_MQUEUE_MQUEUE_STATE_H_
