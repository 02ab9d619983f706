#ifndef PLUGINS_PIPE_PIPE_STATE_H_
#define PLUGINS_PIPE_PIPE_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::pipe {

// One description of an end of a pipe or FIFO.
struct PipeEndState {
  OpenFileState open;
  std::string object;  // Key of the PipeState.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// A pipe or FIFO itself.
struct PipeState {
  uint32_t capacity = 0;  // Bytes: F_GETPIPE_SZ.
  Attachment data;        // What was written and not read.
  // In packet mode (O_DIRECT) the bytes of each packet, in order; empty for a stream of bytes.
  std::vector<uint32_t> packets;
  std::string fifo_path;      // Where the FIFO is; "" for an anonymous pipe.
  bool fifo_deleted = false;  // Its name was removed.
  // A FIFO with readers that never had a writer: poll does not report a hangup yet.
  bool never_written = false;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("capacity", self.capacity, Range<uint32_t>{4096, uint32_t{1} << 31});
    visit("data", self.data);
    visit("packets", self.packets, Range<size_t>{0, 1 << 20});
    visit("fifo_path", self.fifo_path, Range<size_t>{0, 4096});
    visit("fifo_deleted", self.fifo_deleted);
    visit("never_written", self.never_written);
  }
};

}  // namespace tardigrade::pipe

#endif  // PLUGINS_PIPE_PIPE_STATE_H_
