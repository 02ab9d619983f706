#ifndef SUPERVISOR_TRACEE_SHARED_SEGMENT_H_
#define SUPERVISOR_TRACEE_SHARED_SEGMENT_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/kernel/sysv_ipc.h"

namespace tardigrade {

// A System V shared memory segment, attached here.  Detaches, and removes the segment unless that
// has been done, when it is destroyed.
class SharedSegment {
 public:
  // In the IPC namespace of `tracee`.  `owner`: the effective user id of the thread that is to attach
  // it; the maker keeps its own access (ipc/util.c, ipcperms()).
  static Result<SharedSegment> Create(size_t bytes, pid_t tracee, uid_t owner);

  SharedSegment(SharedSegment&& other) noexcept;
  SharedSegment& operator=(SharedSegment&&) = delete;
  ~SharedSegment();

  int id() const { return id_; }
  std::span<std::byte> memory() const { return memory_; }

 private:
  SharedSegment(pid_t tracee, int id, std::span<std::byte> memory)
      : tracee_(tracee), id_(id), memory_(memory) {}
  static Result<SharedSegment> CreateHere(size_t bytes, pid_t tracee, uid_t owner);

  pid_t tracee_;
  int id_;
  std::span<std::byte> memory_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SHARED_SEGMENT_H_
