#ifndef SUPERVISOR_IMAGE_PAGE_FILE_WRITER_H_
#define SUPERVISOR_IMAGE_PAGE_FILE_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/image/image_target.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

// What the manifest says of a finished page file and its page map.
struct PageFileSummary {
  uint64_t pages_bytes = 0;
  uint64_t pages_checksum = 0;  // Of the frame checksums, see protocols/README.md.
  uint64_t pagemap_bytes = 0;
  uint64_t pagemap_checksum = 0;
};

// Writes into two empty files, in the calling threads.  `on_close` runs once, in Close(), when all went well.
std::unique_ptr<PageFileWriter> CreatePageFile(
    std::unique_ptr<OutputFile> pages, std::unique_ptr<OutputFile> pagemap,
    std::function<void(const PageFileSummary&)> on_close);

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_FILE_WRITER_H_
