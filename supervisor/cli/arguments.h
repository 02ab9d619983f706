#ifndef SUPERVISOR_CLI_ARGUMENTS_H_
#define SUPERVISOR_CLI_ARGUMENTS_H_

#include <span>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/checkpoint/snapshot.h"
#include "supervisor/restore/restore.h"

namespace tardigrade {

// What the user asked of `snapshot`.
struct SnapshotCommand {
  std::string answer;       // Not empty: the text of --help or --version; print it and do no more.
  SnapshotOptions options;  // `dir` is empty if -o was not given.
  bool json = false;
};

struct RestoreCommand {
  std::string answer;
  RestoreOptions options;  // No callback is set.  `dir` is the address for people, if it listens.
  std::string pid_file;    // "" for none.
  bool json = false;
};

struct InspectCommand {
  std::string answer;
  std::string dir;
  bool json = false;
  bool verify = false;
};

// `arguments` are those of main() without the program's name.  Errors: kUsage, saying which
// option is wrong and why.
Result<SnapshotCommand> ParseSnapshotArguments(std::span<const std::string> arguments);
Result<RestoreCommand> ParseRestoreArguments(std::span<const std::string> arguments);
Result<InspectCommand> ParseInspectArguments(std::span<const std::string> arguments);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_ARGUMENTS_H_
