#ifndef SUPERVISOR_TRACEE_ROBUST_OWNER_H_
#define SUPERVISOR_TRACEE_ROBUST_OWNER_H_

#include <utility>

#include "protocols/parasite_segment.h"
#include "supervisor/base/result.h"

namespace tardigrade {

// Makes the calling thread the owner of a park word, for the kernel to mark when it dies
// (kernel/futex/core.c, exit_robust_list() and handle_futex_death()).  While a thread owns any, its own
// robust list, of its C library, is set aside: it must lock no robust mutex.  Destroy it on the same
// thread.
class ScopedRobustOwner {
 public:
  static Result<ScopedRobustOwner> Own(protocol::ParasiteHeader* header);

  ScopedRobustOwner(ScopedRobustOwner&& other) noexcept : header_(std::exchange(other.header_, nullptr)) {}
  ScopedRobustOwner& operator=(ScopedRobustOwner&&) = delete;
  ~ScopedRobustOwner();

 private:
  explicit ScopedRobustOwner(protocol::ParasiteHeader* header) : header_(header) {}

  protocol::ParasiteHeader* header_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_ROBUST_OWNER_H_
