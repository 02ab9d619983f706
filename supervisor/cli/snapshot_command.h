#ifndef SUPERVISOR_CLI_SNAPSHOT_COMMAND_H_
#define SUPERVISOR_CLI_SNAPSHOT_COMMAND_H_

#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "supervisor/checkpoint/snapshot.h"
#include "supervisor/cli/console.h"
#include "supervisor/image/value.h"

namespace tardigrade {

// Snapshot(), or a stand-in.
using SnapshotEngine =
    std::function<Result<SnapshotReport>(const SnapshotOptions&, const KindList&, Progress&)>;

// The command `snapshot`; returns its exit status.  `arguments` are without the program's name.
int RunSnapshot(std::span<const std::string> arguments, const KindList& kinds,
                const SnapshotEngine& engine, Console console);

// "COMM.PID.image", with what is awkward in a file name replaced by '_'.
std::string DefaultImageName(std::string_view comm, pid_t pid);

// What a failed snapshot leaves, from the text of /proc/<pid>/stat, "" if there is none:
// "the process was left running".
std::string AftermathText(std::string_view stat);

std::string SnapshotReportText(const SnapshotReport& report, LeaveAs leave);
Value SnapshotReportJson(const SnapshotReport& report, LeaveAs leave);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_SNAPSHOT_COMMAND_H_
