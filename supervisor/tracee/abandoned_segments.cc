#include "supervisor/tracee/abandoned_segments.h"

#include <signal.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "protocols/parasite_segment.h"
#include "supervisor/tracee/shared_segment.h"

namespace tardigrade {
namespace {

// A thread on its way into the segment, slow as it may be, has attached it by then.
constexpr time_t kOldSeconds = 60;

bool LooksAbandoned(const shmid_ds& segment) {
  const auto key = static_cast<uint32_t>(segment.shm_perm.__key);
  const bool looks_ours = (key & kVisitKeyPrefixMask) == kVisitKeyPrefix &&
                          segment.shm_perm.cuid == geteuid() &&
                          (segment.shm_perm.mode & 0777) == 0700 && segment.shm_nattch == 0 &&
                          segment.shm_segsz > protocol::kParasiteSlotsOffset &&
                          segment.shm_ctime < time(nullptr) - kOldSeconds;
  return looks_ours &&
         (segment.shm_cpid == 0 || (kill(segment.shm_cpid, 0) != 0 && errno == ESRCH));
}

bool IsOurs(int id) {
  void* const at = shmat(id, nullptr, SHM_RDONLY);
  if (at == reinterpret_cast<void*>(-1)) return false;
  const auto* header = reinterpret_cast<const protocol::ParasiteHeader*>(
      static_cast<const char*>(at) + protocol::kParasiteHeaderOffset);
  // Empty: it was killed before it filled the segment.
  const bool ours = header->magic == protocol::kParasiteMagic || header->magic == 0;
  shmdt(at);
  return ours;
}

}  // namespace

void RemoveAbandonedSegments() {
  shm_info info = {};
  const int highest = shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&info));
  for (int index = 0; index <= highest; ++index) {
    shmid_ds segment = {};
    const int id = shmctl(index, SHM_STAT, &segment);
    if (id >= 0 && LooksAbandoned(segment) && IsOurs(id)) shmctl(id, IPC_RMID, nullptr);
  }
}

}  // namespace tardigrade
