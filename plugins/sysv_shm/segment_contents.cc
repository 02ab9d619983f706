#include "plugins/sysv_shm/segment_contents.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace tardigrade::sysv_shm {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kPagesAtOnce = 1024;  // An attachment each, at most.

}  // namespace

Result<FileContents> ReadSegment(std::span<const std::byte> memory, bool may_be_swapped,
                                 AttachmentWriter& attachments) {
  FileContents contents;
  contents.size = memory.size();
  std::vector<unsigned char> present(kPagesAtOnce);
  for (size_t at = 0; at < memory.size(); at += kPagesAtOnce * kPageBytes) {
    const std::span<const std::byte> window =
        memory.subspan(at, std::min(kPagesAtOnce * kPageBytes, memory.size() - at));
    const size_t pages = (window.size() + kPageBytes - 1) / kPageBytes;
    std::fill(present.begin(), present.end(), 1);
    if (!may_be_swapped &&
        mincore(const_cast<std::byte*>(window.data()), window.size(), present.data()) != 0)
      return Error::Errno("mincore of a segment");
    for (size_t page = 0; page < pages;) {
      const size_t first = page;
      while (page < pages && (present[page] & 1) != 0) ++page;
      if (page == first) {
        ++page;
        continue;
      }
      const size_t from = first * kPageBytes;
      const std::span<const std::byte> run =
          window.subspan(from, std::min((page - first) * kPageBytes, window.size() - from));
      ASSIGN_OR_RETURN(const Attachment data, attachments.Put(run));
      contents.extents.push_back({.file_offset = at + from, .data = data});
    }
  }
  return contents;
}

Status FillSegment(const FileContents& contents, const AttachmentReader& attachments,
                   std::span<std::byte> memory) {
  if (contents.size != memory.size())
    return Error(ErrorCode::kBadImage, "the segment and its contents differ in size");
  for (const ContentExtent& extent : contents.extents) {
    if (extent.file_offset > memory.size() || extent.data.size > memory.size() - extent.file_offset)
      return Error(ErrorCode::kBadImage, "the contents lie outside of the segment");
    ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                     attachments.Get(extent.data, memory.size()));
    std::memcpy(memory.data() + extent.file_offset, bytes.data(), bytes.size());
  }
  return Ok();
}

}  // namespace tardigrade::sysv_shm
