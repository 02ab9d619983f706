#ifndef PLUGINS_INOTIFY_SCRATCH_DIRECTORY_H_
#define PLUGINS_INOTIFY_SCRATCH_DIRECTORY_H_

#include <string>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::inotify {

// An empty directory that nobody else sees, and that goes with all that is in it.
class ScratchDirectory {
 public:
  // A file system in memory of its own where the caller may have one (CAP_SYS_ADMIN), else a
  // directory in /tmp.  `own_mount`: else an error (kDenied).
  static Result<ScratchDirectory> Make(bool own_mount);
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() { Remove(); }

  int fd() const { return fd_.get(); }
  // Where what is called `name` in it is found.
  std::string PathOf(const std::string& name) const;
  // Before its end: of a file system of its own, this unmounts it.
  void Remove();

 private:
  ScratchDirectory() = default;
  ScopedFd fd_;
  std::string path_;  // In /tmp; else "".
};

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_SCRATCH_DIRECTORY_H_
