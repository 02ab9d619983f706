#ifndef SUPERVISOR_RESTORE_IMAGE_HEAP_H_
#define SUPERVISOR_RESTORE_IMAGE_HEAP_H_

#include <cstddef>

#include "supervisor/base/result.h"

namespace tardigrade {

// Where `new` takes memory from while an image is loaded and planned.  Every task inherits all of
// that: from the ordinary heap fork(2) would copy its page tables a thousand times for a thousand
// processes, and each would have to take them down again.  Of a private mapping of a file that
// nobody has written to yet nothing is copied (kernel/fork.c, vma_needs_copy()), and what a task
// looks at is mapped when it does.
//
// All of it is there as long as the process.  Without it (no memfd, a limit on sizes) the ordinary
// heap does.
class ImageHeap {
 public:
  // The first of a process counts; as long as it is open there is one thread.
  ImageHeap();
  // Writes from now on are this process's own, new memory comes from the ordinary heap again, and
  // nothing in this one is freed any more. Errors: kSystem; the tasks would write to each other's
  // memory.
  Status Seal();
  ~ImageHeap() { (void)Seal(); }
  ImageHeap(const ImageHeap&) = delete;
  ImageHeap& operator=(const ImageHeap&) = delete;

  // How much was taken, in all.
  static size_t used_bytes();

 private:
  int fd_ = -1;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_IMAGE_HEAP_H_
