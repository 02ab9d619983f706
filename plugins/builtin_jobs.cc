#include "plugins/builtin.h"
#include "plugins/sysv_msg/sysv_msg_kind.h"
#include "plugins/sysv_sem/sysv_sem_kind.h"
#include "plugins/sysv_shm/sysv_shm_kind.h"

namespace tardigrade {

void AddJobKinds(KindList& kinds) {
  kinds.jobs.push_back(std::make_unique<sysv_msg::SysvMsgKind>());
  kinds.jobs.push_back(std::make_unique<sysv_sem::SysvSemKind>());
  kinds.jobs.push_back(std::make_unique<sysv_shm::SysvShmKind>());
}

}  // namespace tardigrade
