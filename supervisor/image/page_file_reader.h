#ifndef SUPERVISOR_IMAGE_PAGE_FILE_READER_H_
#define SUPERVISOR_IMAGE_PAGE_FILE_READER_H_

#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/page_file.h"

namespace tardigrade {

// Reads and checks a page map against the size of its page file.  Checksums of page data are not
// looked at.  Errors: kBadImage.
Result<std::unique_ptr<PageFileReader>> OpenPageFile(ScopedFd pages_fd, int pagemap_fd);

// Reads the whole page file and compares every frame.  Errors: kBadImage, naming the offset.
Status VerifyFrames(const PageFileReader& reader);

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PAGE_FILE_READER_H_
