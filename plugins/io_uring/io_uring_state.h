#ifndef PLUGINS_IO_URING_IO_URING_STATE_H_
#define PLUGINS_IO_URING_IO_URING_STATE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/io_uring/abi.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::io_uring {

// How an instance was set up, as far as its memory looks different.
struct Shape {
  uint32_t sq_entries = 1, cq_entries = 1;
  bool large_sqes = false;     // IORING_SETUP_SQE128
  bool large_cqes = false;     // IORING_SETUP_CQE32
  bool no_sq_array = false;    // IORING_SETUP_NO_SQARRAY
  bool single_issuer = false;  // IORING_SETUP_SINGLE_ISSUER: only the thread that made it submits.
  bool defers_work = false;    // IORING_SETUP_DEFER_TASKRUN

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("sq_entries", self.sq_entries, Range<uint32_t>{1, kMostSqEntries});
    visit("cq_entries", self.cq_entries, Range<uint32_t>{1, kMostCqEntries});
    visit("large_sqes", self.large_sqes);
    visit("large_cqes", self.large_cqes);
    visit("no_sq_array", self.no_sq_array);
    visit("single_issuer", self.single_issuer);
    visit("defers_work", self.defers_work);
  }
};

// The instance: an object, as descriptors and mappings of several processes may be of one.
struct RingState {
  Shape shape;
  uint32_t features = 0;               // IORING_FEAT_*, which the program was told.
  std::array<uint32_t, 14> offsets{};  // Where in the rings what is: RingMemory::Offsets().
  uint32_t sq_head = 0, sq_tail = 0, cq_head = 0, cq_tail = 0;
  uint32_t sq_dropped = 0, cq_overflow = 0, cq_flags = 0;
  Attachment rings;  // All of the memory at IORING_OFF_SQ_RING.
  Attachment sqes;   // And at IORING_OFF_SQES.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("shape", self.shape);
    visit("features", self.features);
    visit("offsets", self.offsets);
    visit("sq_head", self.sq_head);
    visit("sq_tail", self.sq_tail);
    visit("cq_head", self.cq_head);
    visit("cq_tail", self.cq_tail);
    visit("sq_dropped", self.sq_dropped);
    visit("cq_overflow", self.cq_overflow);
    visit("cq_flags", self.cq_flags);
    visit("rings", self.rings);
    visit("sqes", self.sqes);
  }
};

struct BufferState {
  uint64_t address = 0;
  uint64_t bytes = 0;  // 0: the slot is empty.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("address", self.address, Range<uint64_t>{0, (uint64_t{1} << 57) - 1});
    visit("bytes", self.bytes, Range<uint64_t>{0, uint64_t{1} << 30});
  }
};

// A descriptor, with what is registered through it in its process.
struct IoUringState {
  OpenFileState open;
  std::string object;  // Key of the RingState.
  std::vector<BufferState> buffers;
  std::vector<int32_t> files;  // Descriptors of the process; -1: the slot is empty.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("object", self.object, Range<size_t>{1, 256});
    visit("buffers", self.buffers, Range<size_t>{0, 16384});
    visit("files", self.files, Range<size_t>{0, 1 << 20});
  }
};

// A mapping of an instance's memory.
struct RingMappingState {
  std::string object;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("object", self.object, Range<size_t>{1, 256});
  }
};

// Of a process: the instances of which its main thread is the one that submits.
struct IssuerState {
  std::vector<std::string> objects;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("objects", self.objects, Range<size_t>{0, 4096});
  }
};

}  // namespace tardigrade::io_uring

#endif  // PLUGINS_IO_URING_IO_URING_STATE_H_
