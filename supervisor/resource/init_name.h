#ifndef SUPERVISOR_RESOURCE_INIT_NAME_H_
#define SUPERVISOR_RESOURCE_INIT_NAME_H_

namespace tardigrade {

// What the init of a PID namespace that a restore made is called (its comm).  It reaps, and
// nothing else; a process under it was restored by us, and its namespaces are not its own.
inline constexpr const char* kInitName = "tardigrade-init";

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_INIT_NAME_H_
