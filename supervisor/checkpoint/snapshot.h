#ifndef SUPERVISOR_CHECKPOINT_SNAPSHOT_H_
#define SUPERVISOR_CHECKPOINT_SNAPSHOT_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/base/stream_options.h"
#include "supervisor/image/durability.h"
#include "supervisor/resource/kind_list.h"
#include "supervisor/tracee/frozen_process.h"

namespace tardigrade {

struct SnapshotOptions {
  pid_t pid = -1;
  bool tree = false;  // With all its descendants.
  std::string dir;    // Becomes the image; or else:
  std::optional<StreamOptions> to;  // Who makes the job anew.  Unless it is left as found it moves: it ends here once it runs there.
  LeaveAs leave = LeaveAs::kAsFound;
  bool overwrite = false;
  Durability durability = Durability::kDurable;
  bool allow_fragile = false;
  bool backtraces = true;
  ExternalPolicy external = ExternalPolicy::kRefuse;
  std::chrono::seconds hold{120};  // How long connections that are kept wait for a restore.
  bool save_files = false;  // With copies of the job's own files.
  std::chrono::milliseconds timeout{30000};  // For the freeze; a tenth of it for refusals that pass.
  bool verbose = false;
};

struct SnapshotReport {
  std::string dir;
  pid_t pid = -1;        // As the process sees itself.
  std::string comm;
  uint64_t processes = 0;  // All together, as what follows.
  uint64_t threads = 0;
  uint64_t mappings = 0;
  uint64_t descriptors = 0;
  uint64_t image_bytes = 0;
  int64_t pause_ns = 0;  // From the first thread stopped to the last let go.
  int64_t total_ns = 0;
  int64_t pid_there = -1;   // Of an image that was sent, as what follows: the root's, as the receiver sees it.
  uint64_t sent_bytes = 0;  // On the wire.
  int64_t send_ns = 0;      // From the first of its memory until the image was whole.
  std::vector<std::string> warnings;
};

// Saves the process, or the tree, in an image.  On failure it goes on as if nothing had been, and no
// image exists (an older one stays).
Result<SnapshotReport> Snapshot(const SnapshotOptions& options, const KindList& kinds, Progress& progress);

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_SNAPSHOT_H_
