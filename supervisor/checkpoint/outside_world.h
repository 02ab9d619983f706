#ifndef SUPERVISOR_CHECKPOINT_OUTSIDE_WORLD_H_
#define SUPERVISOR_CHECKPOINT_OUTSIDE_WORLD_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/resource/suspension.h"

namespace tardigrade {

// What is done about those who are connected to a job while it is frozen, and when it is killed.
class OutsideWorld {
 public:
  // Asks every kind, and tells it of what it made in `survey`.
  Status Suspend(Survey& survey, const KindList& kinds, uint32_t hold_s);
  // All is collected, and the job goes on.
  void Resume(Survey& survey);

  // The job is going to be killed.
  Status KeepWhatOutlivesKill(const Survey& survey);
  // It is whole in the image, and killed next.
  Status PrepareForKill();
  void Killed();

 private:
  std::vector<std::unique_ptr<Suspension>> suspensions_;
  std::vector<std::pair<const FdKind*, ScopedFd>> outliving_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_OUTSIDE_WORLD_H_
