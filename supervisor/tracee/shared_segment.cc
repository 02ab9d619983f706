#include "supervisor/tracee/shared_segment.h"

#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace tardigrade {

namespace {

// From then on the tracee may attach and remove it, whatever capabilities it lacks.
Status GiveTo(int id, uid_t owner) {
  if (owner == geteuid()) return Ok();
  shmid_ds segment = {};
  if (shmctl(id, IPC_STAT, &segment) != 0) return Error::Errno("shmctl(IPC_STAT)");
  segment.shm_perm.uid = owner;
  if (shmctl(id, IPC_SET, &segment) != 0)
    return Error::Errno("giving the segment for the parasite to user ", owner);
  return Ok();
}

}  // namespace

Result<SharedSegment> SharedSegment::Create(size_t bytes, pid_t tracee, uid_t owner) {
  std::optional<Result<SharedSegment>> made;
  RETURN_IF_ERROR(
      InIpcNamespaceOf(tracee, [&] { made.emplace(CreateHere(bytes, tracee, owner)); }));
  return std::move(*made);
}

Result<SharedSegment> SharedSegment::CreateHere(size_t bytes, pid_t tracee, uid_t owner) {
  constexpr int kOwnerOnly = 0700;  // The tracee attaches it executable.
  constexpr int kTries = 1000;
  int id = -1;
  for (int i = 0; i < kTries && id < 0; ++i) {
    // Several tracees are visited at once.
    const uint32_t key = kVisitKeyPrefix | (static_cast<uint32_t>(tracee + i) & 0xffff);
    id = shmget(static_cast<key_t>(key), bytes, kOwnerOnly | IPC_CREAT | IPC_EXCL);
    if (id < 0 && errno != EEXIST) break;
  }
  if (id < 0)
    return Error::Errno("shmget of ", bytes, " bytes (see kernel.shmmax and kernel.shmall)");
  void* const at = shmat(id, nullptr, 0);
  if (at == reinterpret_cast<void*>(-1)) {
    const Error error = Error::Errno("shmat of the segment for the parasite");
    shmctl(id, IPC_RMID, nullptr);
    return error;
  }
  SharedSegment segment(tracee, id, std::span(static_cast<std::byte*>(at), bytes));
  RETURN_IF_ERROR(GiveTo(id, owner));
  return segment;
}

SharedSegment::SharedSegment(SharedSegment&& other) noexcept
    : tracee_(other.tracee_),
      id_(std::exchange(other.id_, -1)),
      memory_(std::exchange(other.memory_, {})) {}

SharedSegment::~SharedSegment() {
  if (memory_.empty()) return;
  // Fails if the parasite has done it, or the tracee is gone and its namespace with it.
  (void)InIpcNamespaceOf(tracee_, [this] { shmctl(id_, IPC_RMID, nullptr); });
  shmdt(memory_.data());
}

}  // namespace tardigrade
