#ifndef SUPERVISOR_IMAGE_PARTIAL_DIR_H_
#define SUPERVISOR_IMAGE_PARTIAL_DIR_H_

#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/durability.h"

namespace tardigrade {

// DIR.partial/, where an image grows until it is whole.  It belongs to whoever holds a flock(2) on
// it: one left by a writer that died is emptied and taken over.  Destroying it before Publish()
// removes it.
class PartialDir {
 public:
  // Errors: kUsage if `dir` may not become the image's name, or another writer is at it.
  static Result<PartialDir> Create(const std::string& dir, bool overwrite, Durability durability);
  PartialDir(PartialDir&&) = default;
  PartialDir& operator=(PartialDir&&) = delete;
  ~PartialDir();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return partial_; }

  // A new file in it, for reading and writing.
  Result<ScopedFd> CreateFile(const std::string& name);

  // fsyncs everything if it is to be durable, then gives it the image's name.  An older image goes away
  // only after, and only for one that is on the disk.
  Status Publish();

 private:
  PartialDir(std::string dir, bool overwrite, Durability durability);

  Status Acquire();
  Status MakeDurable();
  Status Rename();
  // Puts it in the place of an older image, which is removed.
  Status Replace();
  Status ReplaceInTwoSteps(const std::string& old_path);

  std::string dir_;
  std::string partial_;
  bool overwrite_ = false;
  Durability durability_ = Durability::kDurable;
  ScopedFd parent_;
  ScopedFd fd_;  // Invalid once published.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_PARTIAL_DIR_H_
