#ifndef SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_
#define SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_

#include "supervisor/base/result.h"

namespace tardigrade {

// Whether the calling process has CAP_* `capability` (effective) in its own user namespace.
Result<bool> HasCapability(int capability);

// Without CAP_* `capability` (effective) in the calling thread, while it lives.
class ScopedWithoutCapability {
 public:
  explicit ScopedWithoutCapability(int capability);
  ~ScopedWithoutCapability();
  ScopedWithoutCapability(const ScopedWithoutCapability&) = delete;

 private:
  int capability_ = -1;  // -1: there is nothing to put back.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_
