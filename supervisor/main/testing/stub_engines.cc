// Engines and kinds that do nothing, to link the three commands for tests of their edges.

#include <chrono>

#include "plugins/builtin.h"
#include "supervisor/checkpoint/snapshot.h"
#include "supervisor/image/image_store.h"
#include "supervisor/restore/restore.h"
#include "supervisor/tracee/backtrace.h"

namespace tardigrade {

void AddFdKinds(KindList&) {}
void AddMappingKinds(KindList&) {}
void AddTaskKinds(KindList&) {}
void AddJobKinds(KindList&) {}

// Takes a backtrace only to have libunwind linked as it is in the real command: a static one brings
// an exception runtime along, which must not mix with the compiler's.
Result<SnapshotReport> Snapshot(const SnapshotOptions& options, const KindList&, Progress&) {
  (void)TakeBacktrace(options.pid, 1, std::chrono::steady_clock::now());
  return Error(ErrorCode::kUnsupported, "this is a stub, which saves nothing");
}

Result<RestoreReport> Restore(const RestoreOptions&, const KindList&, Progress&) {
  return Error(ErrorCode::kUnsupported, "this is a stub, which restores nothing");
}

Result<std::unique_ptr<ImageReader>> ImageReader::Open(const std::string&) {
  return Error(ErrorCode::kBadImage, "this is a stub, which reads nothing");
}

}  // namespace tardigrade
