#ifndef SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_
#define SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_

#include "supervisor/base/result.h"

namespace tardigrade {

// Whether the calling process has CAP_* `capability` (effective) in its own user namespace.
Result<bool> HasCapability(int capability);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_OWN_CAPABILITIES_H_
