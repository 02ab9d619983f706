#include "supervisor/cli/snapshot_command.h"

#include <cctype>
#include <cerrno>
#include <sstream>

#include "supervisor/base/file_io.h"
#include "supervisor/cli/arguments.h"
#include "supervisor/cli/terminal_progress.h"
#include "supervisor/cli/text.h"

namespace tardigrade {
namespace {

std::string_view LeaveName(LeaveAs leave) {
  switch (leave) {
    case LeaveAs::kAsFound:
      return "left running";
    case LeaveAs::kStopped:
      return "stopped";
    case LeaveAs::kKilled:
      return "killed";
  }
  return "";
}

Result<std::string> ImageNameFor(pid_t pid) {
  Result<std::string> comm = ReadFile(StrCat("/proc/", pid, "/comm"));
  if (!comm.has_value()) {
    const int err = comm.error().errno_value();
    if (err == ENOENT || err == ESRCH) return Error(ErrorCode::kUsage, "no such process");
    return comm;
  }
  std::string name = std::move(comm).value();
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return DefaultImageName(name, pid);
}

// What became of the process after a failure; nothing to say if it was never the matter.
std::string AftermathOf(pid_t pid, const Error& error) {
  if (error.code() == ErrorCode::kTraceeGone) return "";
  Result<std::string> stat = ReadFile(StrCat("/proc/", pid, "/stat"));
  if (!stat.has_value()) return error.code() == ErrorCode::kUsage ? "" : AftermathText("");
  return AftermathText(stat.value());
}

}  // namespace

std::string DefaultImageName(std::string_view comm, pid_t pid) {
  std::string name(comm);
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' ||
                       c == '-' || c == '+';
    if (!plain) c = '_';
  }
  // Neither hidden nor taken for an option.
  const bool awkward = name.empty() || name.front() == '.' || name.front() == '-';
  return StrCat(awkward ? "_" : "", name, ".", pid, ".image");
}

namespace {

// proc(5), num_threads: the 18th field after the state.
bool HasThreads(std::string_view fields_from_state) {
  constexpr int kFieldsBefore = 17;
  std::istringstream words{std::string(fields_from_state)};
  std::string word;
  for (int i = 0; i < kFieldsBefore; ++i) words >> word;
  int threads = 0;
  return words >> threads && threads > 1;
}

}  // namespace

std::string AftermathText(std::string_view stat) {
  // "pid (comm) state ...", and comm may hold anything.
  const size_t close = stat.rfind(')');
  if (close == std::string_view::npos || close + 2 >= stat.size()) return "the process is gone";
  switch (stat[close + 2]) {
    case 'Z':
    case 'X':
      // Of one whose main thread alone has ended, the state of the others is not in there.
      return HasThreads(stat.substr(close + 2)) ? "the process was left as it was"
                                                : "the process is gone";
    case 'T':
      return "the process was left stopped";
    case 't':
      return "the process was left as it was";
    default:
      return "the process was left running";
  }
}

static uint64_t BytesPerSecond(const SnapshotReport& report) {
  const double seconds = static_cast<double>(report.send_ns) / 1e9;
  return seconds > 0 ? static_cast<uint64_t>(static_cast<double>(report.sent_bytes) / seconds) : 0;
}

std::string SnapshotReportText(const SnapshotReport& report, LeaveAs leave) {
  std::string sent;
  if (report.pid_there >= 0)
    sent = StrCat(", runs there as ", report.pid_there, "; sent ", BytesText(report.sent_bytes), " at ", BytesText(BytesPerSecond(report)), "/s");
  return StrCat(PrintableText(report.dir), ": process ", report.pid, " (",
                PrintableText(report.comm), "), ",
                report.processes == 1 ? "" : StrCat(report.processes, " processes, "),
                CountText(report.threads, "thread"), ", ",
                CountText(report.mappings, "mapping"), ", ",
                CountText(report.descriptors, "descriptor"), ", ", BytesText(report.image_bytes),
                "; paused ", DurationText(report.pause_ns), " of ", DurationText(report.total_ns),
                "; ", LeaveName(leave), sent, "\n");
}

Value SnapshotReportJson(const SnapshotReport& report, LeaveAs leave) {
  Value::Array warnings(report.warnings.begin(), report.warnings.end());
  Value::Object object{
      {"ok", Value(true)},
      {report.pid_there >= 0 ? "to" : "image", Value(report.dir)},
      {"pid", Value(report.pid)},
      {"comm", Value(report.comm)},
      {"processes", Value(report.processes)},
      {"threads", Value(report.threads)},
      {"mappings", Value(report.mappings)},
      {"descriptors", Value(report.descriptors)},
      {"image_bytes", Value(report.image_bytes)},
      {"pause_ns", Value(report.pause_ns)},
      {"total_ns", Value(report.total_ns)},
      {"process", Value(LeaveName(leave))},
      {"warnings", Value(std::move(warnings))},
  };
  if (report.pid_there >= 0) {
    object.emplace("pid_there", report.pid_there);
    object.emplace("sent_bytes", report.sent_bytes);
    object.emplace("send_ns", report.send_ns);
    object.emplace("bytes_per_second", BytesPerSecond(report));
  }
  return Value(std::move(object));
}

int RunSnapshot(std::span<const std::string> arguments, const KindList& kinds,
                const SnapshotEngine& engine, Console console) {
  Result<SnapshotCommand> parsed = ParseSnapshotArguments(arguments);
  if (!parsed.has_value()) return Fail(console, "snapshot", parsed.error(), "", false);
  SnapshotCommand& command = parsed.value();
  const bool json = command.json;
  if (!command.answer.empty()) {
    Status written = WriteOut(console, command.answer);
    return written.has_value() ? 0 : Fail(console, "snapshot", written.error(), "", false);
  }

  SnapshotOptions& options = command.options;
  const std::string title = StrCat("snapshot: process ", options.pid);
  if (options.to.has_value()) options.dir = options.to->address.ToString();
  if (options.dir.empty()) {
    Result<std::string> name = ImageNameFor(options.pid);
    if (!name.has_value()) return Fail(console, title, name.error(), "", json);
    options.dir = std::move(name).value();
  }

  TerminalProgress progress(console.terminal_fd);
  Result<SnapshotReport> report = engine(options, kinds, progress);
  progress.End();
  if (!report.has_value()) {
    const Error& error = report.error();
    return Fail(console, title, error, AftermathOf(options.pid, error), json);
  }
  for (const std::string& warning : report.value().warnings)
    console.err << title << ": warning: " << PrintableText(warning) << std::endl;
  Status written =
      WriteOut(console, json ? JsonLine(SnapshotReportJson(report.value(), options.leave))
                             : SnapshotReportText(report.value(), options.leave));
  if (!written.has_value())
    return Fail(console, title, written.error(), options.to.has_value() ? "the job runs there" : "the image is whole", false);
  return 0;
}

}  // namespace tardigrade
