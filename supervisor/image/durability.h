#ifndef SUPERVISOR_IMAGE_DURABILITY_H_
#define SUPERVISOR_IMAGE_DURABILITY_H_

namespace tardigrade {

// Whether an image is on the disk once it has its name, or some time later, as the kernel sees fit.
enum class Durability { kDurable, kEventual };

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_DURABILITY_H_
