#ifndef SUPERVISOR_TRACEE_ROBUST_OWNER_H_
#define SUPERVISOR_TRACEE_ROBUST_OWNER_H_

#include <linux/futex.h>

#include <cstddef>
#include <memory>

#include "protocols/parasite_segment.h"
#include "supervisor/base/result.h"

namespace tardigrade {

// Makes the calling thread the owner of a park word, for the kernel to mark when it dies
// (kernel/futex/core.c, exit_robust_list() and handle_futex_death()).  The thread's own robust
// list, of its C library, is set aside meanwhile: it must lock no robust mutex.  Destroy it on the
// same thread.
class ScopedRobustOwner {
 public:
  static Result<ScopedRobustOwner> Own(protocol::ParasiteHeader* header);

  ScopedRobustOwner(ScopedRobustOwner&&) = default;
  ScopedRobustOwner& operator=(ScopedRobustOwner&&) = delete;
  ~ScopedRobustOwner();

 private:
  ScopedRobustOwner() = default;

  std::unique_ptr<robust_list_head> head_;  // The kernel knows its address.
  robust_list_head* before_ = nullptr;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_ROBUST_OWNER_H_
