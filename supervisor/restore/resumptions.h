#ifndef SUPERVISOR_RESTORE_RESUMPTIONS_H_
#define SUPERVISOR_RESTORE_RESUMPTIONS_H_

#include <memory>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/resource/suspension.h"
#include "supervisor/restore/loaded_image.h"

namespace tardigrade {

// What the kinds of an image do to the world outside while its job is made.
class Resumptions {
 public:
  static Result<Resumptions> Start(const LoadedImage& image, const KindList& kinds);
  // The next thing that happens is the job's first instruction.
  Status Release(const std::vector<ScopedFd>& held_back);

 private:
  std::vector<std::unique_ptr<Resumption>> all_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RESUMPTIONS_H_
