#include "supervisor/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "supervisor/base/version.h"

namespace tardigrade {
namespace {

constexpr const char* kExitCodes =
    "Exit status: 0 done, 64 usage, 65 bad image, 68 process gone, 69 unsupported, 70 internal\n"
    "error, 71 system error, 76 a system call inside the process failed, 77 permission denied.";

// Runs CLI11, whose exceptions end here.  Returns the text to print instead of working, or "".
Result<std::string> Parse(CLI::App& app, std::span<const std::string> arguments) {
  // CLI11 takes them last first.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return app.help();
  } catch (const CLI::CallForVersion&) {
    return StrCat(app.get_name(), " ", kVersion, "\n");
  } catch (const CLI::Error& error) {
    return Error(ErrorCode::kUsage, StrCat(error.what(), "; see ", app.get_name(), " --help"));
  }
  return std::string();
}

// Sets up what all commands share; building an App can throw only for our own mistakes.
void AddCommonOptions(CLI::App& app, bool& json) {
  app.set_version_flag("--version", kVersion, "Print the version");
  app.add_flag("--json", json, "Print one JSON object instead of text");
  app.footer(kExitCodes);
}

Status CheckPid(int64_t pid) {
  if (pid <= 0 || pid > std::numeric_limits<pid_t>::max())
    return Error(ErrorCode::kUsage, StrCat("--pid: ", pid, " is not the id of a process"));
  return Ok();
}

Result<std::chrono::milliseconds> TimeoutFrom(double seconds) {
  constexpr double kLongest = 7 * 24 * 3600;
  if (!std::isfinite(seconds) || seconds < 0.001 || seconds > kLongest)
    return Error(ErrorCode::kUsage, "--timeout: give seconds, more than 0 and at most a week");
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

Result<ExternalPolicy> ExternalFrom(const std::string& word) {
  if (word == "refuse") return ExternalPolicy::kRefuse;
  if (word == "close") return ExternalPolicy::kClose;
  if (word == "reconnect") return ExternalPolicy::kReconnect;
  if (word == "keep") return ExternalPolicy::kKeep;
  return Error(ErrorCode::kUsage,
               StrCat("--external: ", word, " is none of refuse, close, reconnect and keep"));
}

Result<std::chrono::seconds> HoldFrom(int64_t seconds) {
  constexpr int64_t kLongest = 24 * 3600;
  if (seconds < 1 || seconds > kLongest)
    return Error(ErrorCode::kUsage, "--hold: give seconds, at least 1 and at most a day");
  return std::chrono::seconds(seconds);
}

Result<ChangedFiles> ChangedFilesFrom(const std::string& word) {
  if (word == "refuse") return ChangedFiles::kRefuse;
  if (word == "warn") return ChangedFiles::kWarn;
  if (word == "put-back") return ChangedFiles::kPutBack;
  return Error(ErrorCode::kUsage,
               StrCat("--changed-files: ", word, " is none of refuse, warn and put-back"));
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Splits OLD=NEW at the first "=": OLD cannot hold one.
Status AddMovedFile(const std::string& text, MovedFiles& moved) {
  const size_t at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    return Error(ErrorCode::kUsage, StrCat("--set-file: ", text, " is not OLD=NEW"));
  const std::string old_path = WithoutSlashes(text.substr(0, at));
  const std::string new_path = WithoutSlashes(text.substr(at + 1));
  if (old_path.front() != '/' || new_path.front() != '/')
    return Error(ErrorCode::kUsage, StrCat("--set-file: ", text, ": both paths must be absolute"));
  const auto [it, added] = moved.emplace(old_path, new_path);
  if (!added && it->second != new_path)
    return Error(ErrorCode::kUsage, StrCat("--set-file: ", old_path, " is moved twice"));
  return Ok();
}

void AddExternalOptions(CLI::App& app, std::string& external, int64_t& hold_s) {
  app.add_option("--external", external,
                 "Sockets connected to processes that are not saved: refuse (default), close, "
                 "reconnect, keep");
  app.add_option(
      "--hold", hold_s,
      "With --external keep and --kill: seconds for which packets of the job's connections "
      "are held off, for a restore to come (default: 120)");
}

struct LeaveWords {
  bool keep = false;
  bool stop = false;
  bool kill = false;
};

void AddLeaveFlags(CLI::App& app, LeaveWords& words) {
  CLI::Option* keep_flag = app.add_flag("--leave-running", words.keep, "Let it run on (default, without --to)");
  CLI::Option* stop_flag = app.add_flag("--stop", words.stop, "Leave it stopped (SIGSTOP)");
  CLI::Option* kill_flag = app.add_flag("--kill", words.kill, "Kill it once the image is whole (default with --to, once it runs there)");
  keep_flag->excludes(stop_flag)->excludes(kill_flag);
  stop_flag->excludes(kill_flag);
}

LeaveAs LeaveFrom(const LeaveWords& words, bool moves) {
  if (words.stop) return LeaveAs::kStopped;
  return words.kill || (moves && !words.keep) ? LeaveAs::kKilled : LeaveAs::kAsFound;
}

struct StreamWords {
  std::string address;
  std::string key_file;
  bool insecure = false;
};

void AddStreamOptions(CLI::App& app, StreamWords& words) {
  app.add_option("--key", words.key_file,
                 "A file of 32 bytes or more (head -c 32 /dev/urandom) that both sides have: encrypts, and proves who is there");
  app.add_flag("--insecure", words.insecure, "Do without --key also where it leaves this machine");
}

CLI::Option* AddListenOptions(CLI::App& app, StreamWords& words, double& timeout_s) {
  CLI::Option* option =
      app.add_option("--listen", words.address,
                     "[ADDRESS:]PORT: instead of an image, what a snapshot --to sends there (default: 127.0.0.1; port 0: any)");
  AddStreamOptions(app, words);
  app.add_option("--timeout", timeout_s, "How long, in seconds, the other side of --listen may say nothing (default: 30)")->needs(option);
  return option;
}

// If `option` was given.
Result<std::optional<StreamOptions>> StreamFrom(const CLI::App& app, const std::string& option, const StreamWords& words,
                                                const std::string& default_host, std::chrono::milliseconds timeout) {
  if (app.count(option) == 0) {
    if (app.count("--key") == 0 && !words.insecure) return std::optional<StreamOptions>();
    return Error(ErrorCode::kUsage, StrCat("--key and --insecure go with ", option));
  }
  StreamOptions stream;
  ASSIGN_OR_RETURN(stream.address, ParseNetworkAddress(words.address, default_host), option);
  stream.key_file = words.key_file;
  stream.insecure = words.insecure;
  stream.timeout = timeout;
  return std::optional(stream);
}

}  // namespace

Result<SnapshotCommand> ParseSnapshotArguments(std::span<const std::string> arguments) {
  SnapshotCommand command;
  SnapshotOptions& options = command.options;
  int64_t pid = 0;
  int64_t positional_pid = 0;
  double timeout_s = 30;
  int64_t hold_s = 120;
  LeaveWords leave;
  bool no_backtrace = false;
  bool no_sync = false;
  std::string external;
  StreamWords to;

  CLI::App app("Saves a running process in an image directory", "snapshot");
  AddCommonOptions(app, command.json);
  CLI::Option* pid_option = app.add_option("-p,--pid", pid, "The process to save");
  app.add_option("PID", positional_pid, "The same")->excludes(pid_option);
  app.add_flag("--tree", options.tree, "Save all its descendants as well, at the same moment");
  CLI::Option* output_option = app.add_option("-o,--output", options.dir, "The image to make (default: COMM.PID.image here)");
  app.add_option("--to", to.address,
                 "ADDRESS:PORT of a restore --listen: the process moves there, without an image; with --leave-running or --stop a "
                 "copy of it runs there")
      ->excludes(output_option);
  AddStreamOptions(app, to);
  AddLeaveFlags(app, leave);
  app.add_flag("--overwrite", options.overwrite, "Replace an image of that name");
  app.add_flag("--no-sync", no_sync,
               "Do not wait until a new image is on the disk: a crash of the machine may lose it");
  app.add_option("--timeout", timeout_s, "Seconds to try freezing it (default: 30), and a tenth of them to try again what is refused for a passing reason; "
                 "and how long the other side of --to may say nothing");
  app.add_flag("--allow-fragile", options.allow_fragile,
               "Go on where the process would not survive the death of this command");
  AddExternalOptions(app, external, hold_s);
  app.add_flag(
      "--save-files", options.save_files,
      "Save copies of the files it has open or writes, for restore --changed-files put-back");
  app.add_flag("--no-backtrace", no_backtrace, "Do not record where its threads are");
  app.add_flag("-v,--verbose", options.verbose, "Say what is being done");

  ASSIGN_OR_RETURN(command.answer, Parse(app, arguments));
  if (!command.answer.empty()) return command;
  if (app.count("--pid") == 0 && app.count("PID") == 0)
    return Error(ErrorCode::kUsage,
                 "--pid is required: which process to save; see snapshot --help");
  if (app.count("PID") != 0) pid = positional_pid;
  RETURN_IF_ERROR(CheckPid(pid));
  ASSIGN_OR_RETURN(options.timeout, TimeoutFrom(timeout_s));
  if (app.count("--external") != 0) {
    ASSIGN_OR_RETURN(options.external, ExternalFrom(external));
  }
  ASSIGN_OR_RETURN(options.hold, HoldFrom(hold_s));
  if (app.count("--output") != 0 && options.dir.empty())
    return Error(ErrorCode::kUsage, "--output: the name is empty");
  ASSIGN_OR_RETURN(options.to, StreamFrom(app, "--to", to, "", options.timeout));
  options.pid = static_cast<pid_t>(pid);
  options.leave = LeaveFrom(leave, options.to.has_value());
  options.backtraces = !no_backtrace;
  options.durability = no_sync ? Durability::kEventual : Durability::kDurable;
  return command;
}

Result<RestoreCommand> ParseRestoreArguments(std::span<const std::string> arguments) {
  RestoreCommand command;
  RestoreOptions& options = command.options;
  bool foreground = false;
  bool same_pids = false;
  bool new_namespace = false;
  std::vector<std::string> moved;
  std::string changed_files;
  StreamWords listen;
  double timeout_s = 30;

  CLI::App app("Brings the job of an image back and prints its process id", "restore");
  AddCommonOptions(app, command.json);
  CLI::Option* image_option = app.add_option("image", options.dir, "The image directory");
  CLI::Option* listen_option = AddListenOptions(app, listen, timeout_s);
  listen_option->excludes(image_option);
  CLI::Option* detach_flag = app.add_flag("-d,--detach", options.detach, "Return once it runs");
  app.add_flag("--foreground", foreground,
               "Wait for it, pass signals on, exit with its status; 128+N for signal N (default)")
      ->excludes(detach_flag);
  CLI::Option* same_flag = app.add_flag(
      "--same-pids", same_pids, "Its old process ids, or fail (default: if free and allowed)");
  app.add_flag("--new-pid-namespace", new_namespace,
               "A process id namespace of its own, in which the ids are the old ones")
      ->excludes(same_flag);
  app.add_option("--pidfile", command.pid_file, "Write the process id seen here to this file");
  app.add_flag("--dry-run", options.dry_run, "Check everything, print the plan, make nothing")->excludes(listen_option);
  // One value each time, so that the image's name may follow.
  app.add_option("--set-file", moved,
                 "OLD=NEW: the file or directory that was OLD is now NEW; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--changed-files", changed_files,
                 "Files that are not as they were: refuse, warn and go on with them, put-back the "
                 "image's copy (default: refuse those it only reads, or has copies of)");

  ASSIGN_OR_RETURN(command.answer, Parse(app, arguments));
  if (!command.answer.empty()) return command;
  if (app.count("--listen") == 0 && app.count("image") == 0)
    return Error(ErrorCode::kUsage, "image is required: which one to bring back, or --listen; see restore --help");
  ASSIGN_OR_RETURN(const std::chrono::milliseconds timeout, TimeoutFrom(timeout_s));
  ASSIGN_OR_RETURN(options.listen, StreamFrom(app, "--listen", listen, "127.0.0.1", timeout));
  if (options.listen.has_value()) options.dir = listen.address;
  if (options.dir.empty()) return Error(ErrorCode::kUsage, "the image's name is empty");
  if (app.count("--pidfile") != 0 && command.pid_file.empty())
    return Error(ErrorCode::kUsage, "--pidfile: the name is empty");
  if (app.count("--changed-files") != 0) {
    ASSIGN_OR_RETURN(options.changed_files, ChangedFilesFrom(changed_files));
  }
  for (const std::string& text : moved) RETURN_IF_ERROR(AddMovedFile(text, options.moved_files));
  options.pids = same_pids       ? PidChoice::kSamePids
                 : new_namespace ? PidChoice::kNewNamespace
                                 : PidChoice::kAutomatic;
  return command;
}

Result<InspectCommand> ParseInspectArguments(std::span<const std::string> arguments) {
  InspectCommand command;
  CLI::App app("Prints what is in an image", "inspect");
  AddCommonOptions(app, command.json);
  app.add_option("image", command.dir, "The image directory")->required();
  app.add_flag("--verify", command.verify, "Check every checksum");
  ASSIGN_OR_RETURN(command.answer, Parse(app, arguments));
  if (!command.answer.empty()) return command;
  if (command.dir.empty()) return Error(ErrorCode::kUsage, "the image's name is empty");
  return command;
}

}  // namespace tardigrade
