#ifndef SUPERVISOR_RESOURCE_SUSPENSION_H_
#define SUPERVISOR_RESOURCE_SUSPENSION_H_

#include <span>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// What a kind does to the world outside while a job is frozen, so that whoever is connected to the
// job does not notice that nobody is there.  Destroying it is for a job that goes on: nothing of it
// is left then, as when the supervisor is killed; and for one that was killed, whose suspension
// outlives both.
class Suspension {
 public:
  virtual ~Suspension() = default;

  // The image is whole, the kill is next: the last moment to refuse.
  virtual Status PrepareForKill() = 0;
  // Nothing of the job runs any more.
  virtual void Killed() = 0;
};

// The same between the beginning of a restore and the job's first instruction, in the restorer
// itself.
class Resumption {
 public:
  virtual ~Resumption() =
      default;  // Without Release(): what the snapshot left behind stays as it is.

  // The job is whole and about to run.  `held_back`: what CreateContext::HoldBack() was given, of
  // all kinds.
  virtual Status Release(std::span<const ScopedFd> held_back) = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SUSPENSION_H_
