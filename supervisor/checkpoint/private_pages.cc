#include "supervisor/checkpoint/private_pages.h"

namespace tardigrade {

Status PrivatePages::Add(uint64_t start, uint64_t end, bool file_backed) {
  // Holes are free for a scan only.
  const bool joins = start_ != end_ && file_backed == file_backed_ &&
                     (start == end_ || pagemap_.method() == Pagemap::Method::kScan);
  if (!joins) {
    RETURN_IF_ERROR(Break());
    start_ = start;
    file_backed_ = file_backed;
  }
  end_ = end;
  return Ok();
}

Status PrivatePages::Break() {
  if (start_ == end_) return Ok();
  RETURN_IF_ERROR(pagemap_.Find(start_, end_, file_backed_, found_), "looking for pages at ",
                  Hex(start_));
  start_ = end_ = 0;
  return Ok();
}

}  // namespace tardigrade
