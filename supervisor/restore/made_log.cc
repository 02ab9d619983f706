#include "supervisor/restore/made_log.h"

#include <sys/mman.h>

namespace tardigrade {

Result<std::unique_ptr<MadeLog>> MadeLog::Create() {
  void* const shared = mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return Error::Errno("mapping memory shared with the tasks");
  return std::unique_ptr<MadeLog>(new MadeLog(static_cast<Log*>(shared)));
}

MadeLog::~MadeLog() { munmap(log_, sizeof(*log_)); }

void MadeLog::Note(size_t kind, int32_t id) {
  const uint32_t at = log_->count;
  if (at >= kMostEntries) return;
  log_->entries[at] = {.kind = static_cast<uint32_t>(kind), .id = id};
  __atomic_store_n(&log_->count, at + 1, __ATOMIC_RELEASE);
}

void MadeLog::RemoveAll(const KindList& kinds) {
  for (uint32_t i = __atomic_load_n(&log_->count, __ATOMIC_ACQUIRE); i-- > 0;)
    kinds.jobs[log_->entries[i].kind]->Remove(log_->entries[i].id);
  log_->count = 0;
}

}  // namespace tardigrade
