#ifndef SUPERVISOR_CLI_RESTORE_COMMAND_H_
#define SUPERVISOR_CLI_RESTORE_COMMAND_H_

#include <functional>
#include <span>
#include <string>

#include "supervisor/cli/console.h"
#include "supervisor/image/value.h"
#include "supervisor/restore/restore.h"

namespace tardigrade {

// Restore(), or a stand-in.
using RestoreEngine =
    std::function<Result<RestoreReport>(const RestoreOptions&, const KindList&, Progress&)>;

// The command `restore`; returns its exit status, which in the foreground is the job's.
// `arguments` are without the program's name.
int RunRestore(std::span<const std::string> arguments, const KindList& kinds,
               const RestoreEngine& engine, Console console);

// What a shell makes of a wait(2) status: the exit status, or 128+N for signal N.
int JobExitStatus(int wait_status);

// `waited`: the job was waited for, so its end is known.
Value RestoreReportJson(const RestoreReport& report, bool dry_run, bool waited);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_RESTORE_COMMAND_H_
