#ifndef SUPERVISOR_IMAGE_IMAGE_SOURCE_H_
#define SUPERVISOR_IMAGE_IMAGE_SOURCE_H_

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// Where the files of an image are: in a directory, or in memory.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  virtual bool Has(const std::string& name) const = 0;
  // To be read with pread(2) and the like, or mapped.  Errors: kBadImage if there is no such file, or it is none.
  virtual Result<ScopedFd> Open(const std::string& name) const = 0;
  virtual Result<uint64_t> SizeOf(const std::string& name) const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_IMAGE_SOURCE_H_
