#ifndef SUPERVISOR_RESOURCE_KIND_LIST_H_
#define SUPERVISOR_RESOURCE_KIND_LIST_H_

#include <memory>
#include <vector>

#include "supervisor/resource/contexts.h"
#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/job_kind.h"
#include "supervisor/resource/mapping_kind.h"
#include "supervisor/resource/task_kind.h"

namespace tardigrade {

// The kinds an engine works with, handed to it: explicit, nothing registers itself.
struct KindList {
  std::vector<std::unique_ptr<FdKind>> fds;
  std::vector<std::unique_ptr<MappingKind>> mappings;
  std::vector<std::unique_ptr<ObjectKind>> objects;
  std::vector<std::unique_ptr<ProcessKind>> processes;  // In the order of their restore steps.
  std::vector<std::unique_ptr<ThreadKind>> threads;
  std::vector<std::unique_ptr<JobKind>> jobs;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_KIND_LIST_H_
