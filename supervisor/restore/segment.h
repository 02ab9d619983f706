#ifndef SUPERVISOR_RESTORE_SEGMENT_H_
#define SUPERVISOR_RESTORE_SEGMENT_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocols/restorer_segment.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// The plans of one thread of the job to be.
struct ThreadPlans {
  int32_t tid = 0;
  SyscallPlan memory;   // Leader only.
  // The ops [fill_begin, fill_end) of `memory` may run at the same time, in any order.
  size_t fill_begin = 0;
  size_t fill_end = 0;
  std::vector<int32_t> fill_tids;  // Of the threads that help with that; protocol::kMaxFillHelpers at most.
  SyscallPlan process;  // Leader only.
  SyscallPlan limits;   // Leader only.
  SyscallPlan thread;
  SyscallPlan seccomp;  // Waits until the thread is traced; mostly empty.
  SyscallPlan replay;   // One op, or none.
};

// The restorer's memory (protocols/restorer_segment.h), mapped here at the very address it has in
// the task: in a hole of this process's address space and of the job's.
class Segment {
 public:
  // The address range alone, before there are plans that need to know it.
  struct Place {
    uint64_t start = 0;
    uint64_t size = 0;     // Bytes.
    uint64_t parking = 0;  // Where kernel mappings wait, `parking_size` bytes to the end.
  };
  static constexpr uint64_t kParkingBytes = 256 << 10;

  // What others make that lies in the same memory, as processes of the image (CLONE_VM, CLONE_FILES).
  struct Links {
    const Place* memory = nullptr;    // Segment of who makes the memory; null: it does itself.
    const Place* table = nullptr;     // Segment of who numbers the descriptors, if that is to be waited for,
    uint32_t table_parked = 0;        // and how often its threads report until all are parked.
    std::vector<Place> foreign;       // Segments of others that stay mapped until the segment is unmapped.
  };

  // `payload_bytes`: what all compiled plans take.  `others`: segments that are to be mapped here as well, next to
  // which it may lie.  Errors: kSystem if there is no hole.
  static Result<Place> ChoosePlace(std::span<const MemoryMapping> here, std::span<const MemoryMapping> there,
                                   size_t threads, uint64_t payload_bytes, std::span<const Place> others = {});

  // Maps the segment and fills it.  `plans` must outlive it: it knows their labels.
  static Result<std::unique_ptr<Segment>> Create(const Place& place, std::span<const ThreadPlans> plans);
  // Fills it where a SegmentSpace is.
  static std::unique_ptr<Segment> CreateIn(const Place& place, std::span<const ThreadPlans> plans, Links links);
  ~Segment();

  const Place& place() const { return place_; }
  // It and whatever else is to be unmapped with it.
  std::vector<Place> ToUnmap() const;
  size_t threads() const { return plans_.size(); }
  protocol::RestorerSlot& slot(size_t thread);
  uint32_t parked() const;
  const uint32_t* parked_word() const;
  // Sleeps until `parked` is no longer `seen`, at most for `timeout_ms`.
  void WaitParked(uint32_t seen, int timeout_ms) const;

  // Lets the threads in kAwaitingSeccomp go on.
  void InstallSeccomp();

  // The failure of a thread that reports kFailed, with the step's label.
  Error FailureOf(size_t thread);

  // How many ops of the leader's memory program are done; of those that run at the same time not
  // always the first.
  size_t MemoryOpsDone();

  // What the op of a thread's replay returned.
  int64_t ReplayResult(size_t thread);

  // Address of a `syscall` instruction in the blob.
  uint64_t syscall_insn() const;

  // Memory of the task, mapped here as well, that nothing else uses once the leader is parked.
  static constexpr size_t kScratchBytes = 64;
  void* scratch();

  // Leaves the hosted code for good: runs the blob as the leader.
  [[noreturn]] void Enter();

 private:
  Segment(const Place& place, std::span<const ThreadPlans> plans, bool owns_memory)
      : place_(place), plans_(plans), owns_memory_(owns_memory) {}
  void Fill();
  protocol::RestorerHeader* header() const;
  uint64_t Write(const SyscallPlan& plan, uint64_t& cursor);

  Place place_;
  std::span<const ThreadPlans> plans_;
  Links links_;
  bool owns_memory_;
};

// The memory of many segments: one mapping for all that lie side by side.  Each task inherits those of all tasks, so
// with one for each segment a thousand tasks would copy a million (kernel/fork.c, dup_mmap()).
class SegmentSpace {
 public:
  SegmentSpace() = default;
  SegmentSpace(const SegmentSpace&) = delete;
  SegmentSpace& operator=(const SegmentSpace&) = delete;
  ~SegmentSpace();

  // Errors: kSystem if something else is there.
  Status Map(std::span<const Segment::Place> places);

 private:
  std::vector<Segment::Place> runs_;
};

// Bytes that plans compile to, each rounded up as the segment does.
uint64_t PayloadBytes(std::span<const ThreadPlans> plans);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_SEGMENT_H_
