#ifndef SUPERVISOR_RESTORE_RESTORE_H_
#define SUPERVISOR_RESTORE_RESTORE_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/base/stream_options.h"
#include "supervisor/image/image_source.h"
#include "supervisor/resource/kind_list.h"

namespace tardigrade {

enum class PidChoice {
  kAutomatic,     // The old pids when free and allowed, else a new PID namespace.
  kSamePids,
  kNewNamespace,
};

struct RestoreOptions {
  std::string dir;
  std::optional<StreamOptions> listen;        // Or: the image comes from whoever connects.
  std::shared_ptr<const ImageSource> source;  // Or: it is here.
  PidChoice pids = PidChoice::kAutomatic;
  bool detach = false;   // Return when the job runs; else wait for it and pass signals on.
  bool dry_run = false;  // Check everything, make nothing.
  MovedFiles moved_files;  // --set-file OLD=NEW.
  ChangedFiles changed_files = ChangedFiles::kAutomatic;
  // Called once when the job is about to run, with the pid of its root as seen here and the warnings
  // so far: prints them, writes the pid file.  An error undoes the restore.
  std::function<Status(pid_t root, const std::vector<std::string>& warnings)> on_restored;
  // Called once when it runs.
  std::function<void(pid_t root)> on_running;
  // Of `listen`: with the address and the port that it got; and for connections that came to nothing.
  std::function<void(const std::string& address)> on_listening;
  std::function<void(const std::string& what)> on_warning;
};

struct RestoreReport {
  pid_t pid = -1;          // Of the root, as seen here.
  pid_t inner_pid = -1;    // As it sees itself.
  bool new_pid_namespace = false;
  int64_t total_ns = 0;    // Until the job ran.
  int wait_status = 0;     // wait(2) status of the root; only when not detached.
  std::vector<std::string> plan;  // What is made, a line each; the whole of --dry-run.
  std::vector<std::string> warnings;
};

// Brings the job of an image back.  On failure nothing of it is left.
Result<RestoreReport> Restore(const RestoreOptions& options, const KindList& kinds, Progress& progress);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_RESTORE_H_
