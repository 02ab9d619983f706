#ifndef SUPERVISOR_TRANSPORT_IMAGE_ASSEMBLER_H_
#define SUPERVISOR_TRANSPORT_IMAGE_ASSEMBLER_H_

#include <cstdint>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/image/memory_image.h"
#include "supervisor/transport/stream_channel.h"

namespace tardigrade {

// Puts an image together from the records of a source, none of which is trusted.
class ImageAssembler {
 public:
  // Of so many bytes at most.
  explicit ImageAssembler(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // kBegin, kFile, kData, kEnd.  Errors: kBadImage for any other and for what is malformed; kSystem.
  Status Take(const StreamMessage& message);

  bool has_begun() const { return image_ != nullptr; }
  bool is_whole() const { return whole_; }
  bool is_move() const { return move_; }
  // Not until it is whole.
  std::shared_ptr<MemoryImage> image() const { return image_; }

 private:
  Status Begin(const StreamMessage& message);

  const uint64_t max_bytes_;
  std::shared_ptr<MemoryImage> image_;
  bool whole_ = false;
  bool move_ = false;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_IMAGE_ASSEMBLER_H_
