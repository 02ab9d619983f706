#ifndef PLUGINS_SYSV_SHM_SEGMENT_CONTENTS_H_
#define PLUGINS_SYSV_SHM_SEGMENT_CONTENTS_H_

#include <cstddef>
#include <span>

#include "supervisor/image/attachments.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::sysv_shm {

// Saves what a segment holds, of which all is attached here as `memory`.  Holes stay holes, unless
// part of it `may_be_swapped` out: mincore(2) takes that for a hole.
Result<FileContents> ReadSegment(std::span<const std::byte> memory, bool may_be_swapped,
                                 AttachmentWriter& attachments);

// The opposite.  Errors: kBadImage for contents that do not fit.
Status FillSegment(const FileContents& contents, const AttachmentReader& attachments,
                   std::span<std::byte> memory);

}  // namespace tardigrade::sysv_shm

#endif  // PLUGINS_SYSV_SHM_SEGMENT_CONTENTS_H_
