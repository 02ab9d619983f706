#ifndef SUPERVISOR_IMAGE_DISK_FILE_H_
#define SUPERVISOR_IMAGE_DISK_FILE_H_

#include <memory>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/image_target.h"

namespace tardigrade {

// An empty file, to be written in the calling threads.
std::unique_ptr<OutputFile> MakeDiskFile(ScopedFd fd);

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_DISK_FILE_H_
