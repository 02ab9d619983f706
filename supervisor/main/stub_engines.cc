// Engines and kinds that do nothing, to link the three commands for tests of their edges.

#include "plugins/builtin.h"
#include "supervisor/checkpoint/snapshot.h"
#include "supervisor/image/image_store.h"
#include "supervisor/restore/restore.h"

namespace tardigrade {

void AddFdKinds(KindList&) {}
void AddMappingKinds(KindList&) {}
void AddTaskKinds(KindList&) {}

Result<SnapshotReport> Snapshot(const SnapshotOptions&, const KindList&, Progress&) {
  return Error(ErrorCode::kUnsupported, "this is a stub, which saves nothing");
}

Result<RestoreReport> Restore(const RestoreOptions&, const KindList&, Progress&) {
  return Error(ErrorCode::kUnsupported, "this is a stub, which restores nothing");
}

Result<std::unique_ptr<ImageReader>> ImageReader::Open(const std::string&) {
  return Error(ErrorCode::kBadImage, "this is a stub, which reads nothing");
}

}  // namespace tardigrade
