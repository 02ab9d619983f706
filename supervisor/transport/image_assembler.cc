#include "supervisor/transport/image_assembler.h"

#include <string>

#include "supervisor/transport/stream_peer.h"

namespace tardigrade {

using protocol::StreamRecord;

Status ImageAssembler::Begin(const StreamMessage& message) {
  ASSIGN_OR_RETURN(const auto begin, message.As<protocol::StreamBegin>());
  const bool known = begin.mode == protocol::kStreamMove || begin.mode == protocol::kStreamCopy;
  if (!known || begin.reserved != 0 || message.payload.size() != sizeof(begin))
    return Error(ErrorCode::kBadImage, "the source wants what this build does not know");
  move_ = begin.mode == protocol::kStreamMove;
  image_ = nullptr;  // Its memory first.
  image_ = std::make_shared<MemoryImage>(max_bytes_);
  return Ok();
}

Status ImageAssembler::Take(const StreamMessage& message) {
  if (message.type() == StreamRecord::kBegin && !whole_) return Begin(message);
  if (!has_begun() || whole_) return UnexpectedRecord(message);
  switch (message.type()) {
    case StreamRecord::kFile: {
      const std::string name(reinterpret_cast<const char*>(message.payload.data()), message.payload.size());
      RETURN_IF_ERROR(image_->Create(name));
      return Ok();
    }
    case StreamRecord::kData:
      return image_->Write(message.header.file, message.payload, message.header.offset);
    case StreamRecord::kEnd:
      RETURN_IF_ERROR(image_->CheckWhole());
      whole_ = true;
      return Ok();
    default:
      return UnexpectedRecord(message);
  }
}

}  // namespace tardigrade
