#ifndef SUPERVISOR_BASE_VERSION_H_
#define SUPERVISOR_BASE_VERSION_H_

namespace tardigrade {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_VERSION_H_
