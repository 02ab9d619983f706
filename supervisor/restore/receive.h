#ifndef SUPERVISOR_RESTORE_RECEIVE_H_
#define SUPERVISOR_RESTORE_RECEIVE_H_

#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/restore/restore.h"

namespace tardigrade {

// Waits for an image on `options.listen`, holds it in memory, and brings its job back when the source has let it go.
// On failure nothing of it is left here, and the source knows.
Result<RestoreReport> ReceiveAndRestore(const RestoreOptions& options, const KindList& kinds, Progress& progress);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RECEIVE_H_
