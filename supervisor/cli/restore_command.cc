#include "supervisor/cli/restore_command.h"

#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "supervisor/cli/arguments.h"
#include "supervisor/cli/terminal_progress.h"
#include "supervisor/cli/text.h"

namespace tardigrade {
namespace {

void PrintWarnings(const RestoreCommand& command, const std::vector<std::string>& warnings,
                   Console& console) {
  const std::string title = StrCat("restore: ", command.options.dir);
  for (const std::string& warning : warnings)
    console.err << PrintableText(title) << ": warning: " << PrintableText(warning) << std::endl;
}

// Tells the world the job's pid: pid file first, so that who reads the printed pid finds it there.
// With --json the report says it.
Status Announce(const RestoreCommand& command, pid_t root, Console& console) {
  if (!command.pid_file.empty()) {
    RETURN_IF_ERROR(WriteFile(command.pid_file, StrCat(root, "\n")), "writing the pid file");
  }
  if (command.json) return Ok();
  return WriteOut(console, StrCat(root, "\n"));
}

std::string PlanText(const RestoreReport& report) {
  std::string text;
  for (const std::string& line : report.plan) text += PrintableText(line) + "\n";
  return text;
}

int Report(const RestoreCommand& command, const RestoreReport& report, Console& console) {
  const std::string title = StrCat("restore: ", command.options.dir);
  const bool dry_run = command.options.dry_run;
  if (dry_run) PrintWarnings(command, report.warnings, console);
  const bool waited = !dry_run && !command.options.detach;
  Status written = Ok();
  if (command.json) {
    written = WriteOut(console, JsonLine(RestoreReportJson(report, dry_run, waited)));
  } else if (dry_run) {
    written = WriteOut(console, PlanText(report));
  }
  if (waited) return JobExitStatus(report.wait_status);
  if (!written.has_value()) {
    return Fail(console, title, written.error(), dry_run ? "" : "the job runs", false);
  }
  return 0;
}

}  // namespace

int JobExitStatus(int wait_status) {
  if (WIFEXITED(wait_status)) return WEXITSTATUS(wait_status);
  return 128 + (WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0);
}

Value RestoreReportJson(const RestoreReport& report, bool dry_run, bool waited) {
  Value::Object object{
      {"ok", Value(true)},
      {"dry_run", Value(dry_run)},
      {"new_pid_namespace", Value(report.new_pid_namespace)},
      {"inner_pid", Value(report.inner_pid)},
      {"plan", Value(Value::Array(report.plan.begin(), report.plan.end()))},
      {"warnings", Value(Value::Array(report.warnings.begin(), report.warnings.end()))},
  };
  if (!dry_run) {
    object.emplace("pid", report.pid);
    object.emplace("total_ns", report.total_ns);
  }
  if (waited && WIFEXITED(report.wait_status))
    object.emplace("exit_status", WEXITSTATUS(report.wait_status));
  if (waited && WIFSIGNALED(report.wait_status))
    object.emplace("signal", WTERMSIG(report.wait_status));
  return Value(std::move(object));
}

int RunRestore(std::span<const std::string> arguments, const KindList& kinds,
               const RestoreEngine& engine, Console console) {
  Result<RestoreCommand> parsed = ParseRestoreArguments(arguments);
  if (!parsed.has_value()) return Fail(console, "restore", parsed.error(), "", false);
  RestoreCommand& command = parsed.value();
  if (!command.answer.empty()) {
    Status written = WriteOut(console, command.answer);
    return written.has_value() ? 0 : Fail(console, "restore", written.error(), "", false);
  }
  TerminalProgress progress(console.terminal_fd);
  bool announced = false;
  command.options.on_restored = [&](pid_t root, const std::vector<std::string>& warnings) {
    progress.End();
    // Not at the end: that may be days away.
    PrintWarnings(command, warnings, console);
    announced = true;
    return Announce(command, root, console);
  };
  const std::string title = PrintableText(StrCat("restore: ", command.options.dir));
  command.options.on_listening = [&](const std::string& address) {
    // In one piece: somebody may wait for it.
    console.err << StrCat("restore: listening on ", address, "\n") << std::flush;
  };
  command.options.on_warning = [&](const std::string& what) {
    console.err << title << ": warning: " << PrintableText(what) << std::endl;
  };
  Result<RestoreReport> report = engine(command.options, kinds, progress);
  progress.End();
  if (!report.has_value()) {
    if (announced && !command.pid_file.empty()) unlink(command.pid_file.c_str());
    return Fail(console, StrCat("restore: ", command.options.dir), report.error(),
                "nothing of the job was left behind", command.json);
  }
  return Report(command, report.value(), console);
}

}  // namespace tardigrade
