#ifndef SUPERVISOR_TRACEE_VISIT_H_
#define SUPERVISOR_TRACEE_VISIT_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/tracee/frozen_process.h"
#include "supervisor/tracee/robust_owner.h"
#include "supervisor/tracee/segment_image.h"
#include "supervisor/tracee/shared_segment.h"
#include "supervisor/tracee/visit_plan.h"

namespace tardigrade {

// One excursion of all threads of a frozen process into the parasite and back.
//
//  1. Everything that the threads will need, home included, is laid out in a shared segment.
//  2. The guide attaches it: one PTRACE_SETREGSET makes it call shmat(2) through instructions of
//  the
//     program, whose return leads into the parasite.
//  3. The others follow, each by one PTRACE_SETREGSET.  All run their programs and park on a futex
//     that the kernel marks when the supervisor dies: then each goes home by itself.
//  4. The supervisor interrupts them and puts signal masks and registers back as they were.
//  5. The guide, last, detaches the segment, with a way home on a dead part of the main stack.
class Visit {
 public:
  Visit(pid_t pid, std::span<const FrozenThread> threads, const arch::Gadgets& gadgets_before,
        std::span<const uint64_t> neighbours, const FreezeOptions& options)
      : pid_(pid),
        threads_(threads),
        gadgets_before_(gadgets_before),
        neighbours_(neighbours),
        options_(options) {}
  // Brings back whoever is still away.
  ~Visit() { (void)Return(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  Status Run(std::span<std::vector<uint64_t>> programs, const FrozenFacts& known);

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Status Prepare(std::span<const std::vector<uint64_t>> programs, const FrozenFacts& known);
  Status CheckExecutableMemory();
  Status MakeSegment();
  Status SendGuide();
  Status SendOthers();
  Status Mask(size_t thread);
  Status WaitUntilParked();
  // Deals with whatever stopped a thread that should be running.
  Status KeepRunning(size_t thread);
  Status TakeResults(std::span<std::vector<uint64_t>> programs);
  Status Return();
  Status StopAll(Deadline deadline);
  Status BringHome(size_t thread);
  Status DetachSegment(Deadline deadline);

  pid_t pid_;
  std::span<const FrozenThread> threads_;
  const arch::Gadgets& gadgets_before_;
  std::span<const uint64_t> neighbours_;  // See PlanVisit().
  const FreezeOptions& options_;
  std::vector<TraceeStatus> statuses_;  // Of each thread.
  VisitPlan plan_;
  std::optional<SegmentImage> image_;
  std::optional<SharedSegment> segment_;
  std::optional<ScopedRobustOwner> owner_;
  std::vector<bool> away_;  // Registers are not those of home.
  bool attached_ = false;   // The tracee has the segment.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_VISIT_H_
