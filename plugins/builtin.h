#ifndef PLUGINS_BUILTIN_H_
#define PLUGINS_BUILTIN_H_

#include "supervisor/resource/kind_list.h"

namespace tardigrade {

// Every kind there is: one line each in builtin_fds.cc, builtin_jobs.cc, builtin_mappings.cc,
// builtin_tasks.cc.
void AddFdKinds(KindList& kinds);
void AddMappingKinds(KindList& kinds);
void AddTaskKinds(KindList& kinds);
void AddJobKinds(KindList& kinds);

}  // namespace tardigrade

#endif  // PLUGINS_BUILTIN_H_
