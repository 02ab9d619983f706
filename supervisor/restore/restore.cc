#include "supervisor/restore/restore.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>

#include "supervisor/restore/control_channel.h"
#include "supervisor/restore/finisher.h"
#include "supervisor/restore/launcher.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/restore_plan.h"
#include "supervisor/restore/segment.h"
#include "supervisor/restore/task_entry.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;

// Blocks every signal while it lives: the tasks inherit that, and none is lost to the restorer.
class ScopedSignalBlock {
 public:
  ScopedSignalBlock() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before_);
  }
  ~ScopedSignalBlock() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  ScopedSignalBlock(const ScopedSignalBlock&) = delete;

 private:
  sigset_t before_ = {};
};

bool PidsAreFree(const ProcessDocument& process) {
  for (const ThreadDocument& thread : process.threads) {
    if (access(StrCat("/proc/", thread.tid).c_str(), F_OK) == 0) return false;
  }
  return true;
}

// clone3(2) may choose a pid with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN over the PID namespace;
// asked with a pid that is taken it says EEXIST to those who may, EPERM to others.
bool MayChoosePids() {
  pid_t taken = getpid();
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
  } args = {};
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<uint64_t>(&taken);
  args.set_tid_size = 1;
  return syscall(SYS_clone3, &args, sizeof(args)) < 0 && errno == EEXIST;
}

// One attempt to bring the job of an image back, in one way of choosing pids.
class Attempt {
 public:
  Attempt(const RestoreOptions& options, const KindList& kinds, const LoadedImage& image, RestoreReport& report,
          Progress& progress)
      : options_(options), kinds_(kinds), image_(image), report_(report), progress_(progress) {}

  Status Plan(bool new_namespace) {
    new_namespace_ = new_namespace;
    const RestoreFacts facts{.new_user_namespace = new_namespace && !MayChoosePids(),
                             .new_pid_namespace = new_namespace,
                             .caller_uid = geteuid()};
    ASSIGN_OR_RETURN(plan_, MakeRestorePlan(image_, kinds_, facts));
    report_.plan.push_back(new_namespace ? StrCat("in a new ", facts.new_user_namespace ? "user and " : "", "PID namespace")
                                         : std::string("with the old pids"));
    report_.plan.insert(report_.plan.end(), plan_.summary.begin(), plan_.summary.end());
    return Ok();
  }

  Status Make() {
    ASSIGN_OR_RETURN(launcher_, Launcher::Create());
    ASSIGN_OR_RETURN(ControlChannel channel, ControlChannel::Create());
    ASSIGN_OR_RETURN(segment_, Segment::Create(plan_.place, plan_.threads));
    const TaskInputs inputs{&image_, &kinds_, &plan_, segment_.get(), &options_.moved_files, &channel};
    const auto run = [&inputs] { RunTask(inputs); };
    ASSIGN_OR_RETURN(task_, new_namespace_ ? launcher_->InNewNamespace(image_.process.pid, run)
                                           : launcher_->WithSamePid(image_.process.pid, options_.detach, run));
    Status made = Build(channel);
    if (!made.has_value()) launcher_->Abandon(task_);
    return made;
  }

  Result<int> WaitForEnd() { return launcher_->WaitForEnd(task_); }
  const LaunchedTask& task() const { return task_; }

 private:
  bool HasSeccomp() const {
    return std::any_of(plan_.threads.begin(), plan_.threads.end(),
                       [](const ThreadPlans& thread) { return !thread.seccomp.empty(); });
  }

  Status Build(ControlChannel& channel) {
    ASSIGN_OR_RETURN(Finisher finisher, Finisher::Attach(task_.pid, HasSeccomp()));
    RETURN_IF_ERROR(channel.SayStart());
    ControlChannel::Reports reports;
    const auto failure = [&]() -> Status {
      channel.Collect(reports);
      if (reports.error.empty()) return Ok();
      return Error(reports.code, reports.error);
    };
    progress_.Begin("restoring memory", plan_.fill_marks.empty() ? 0 : plan_.fill_marks.back().bytes);
    RETURN_IF_ERROR(finisher.AwaitParked(*segment_, image_, {failure, [this] { TellProgress(); }}));
    progress_.End();
    channel.Collect(reports);
    for (std::string& warning : reports.warnings) report_.warnings.push_back(std::move(warning));
    RETURN_IF_ERROR(finisher.Arm(*segment_, image_));
    if (options_.on_restored) RETURN_IF_ERROR(options_.on_restored(task_.pid, report_.warnings));
    launcher_->SetFree(task_);
    return finisher.Release(image_.process.stop_signal);
  }

  void TellProgress() {
    const size_t done = segment_->MemoryOpsDone();
    for (; told_ < plan_.fill_marks.size() && plan_.fill_marks[told_].op < done; ++told_)
      progress_.Advance(plan_.fill_marks[told_].bytes - (told_ == 0 ? 0 : plan_.fill_marks[told_ - 1].bytes));
  }

  const RestoreOptions& options_;
  const KindList& kinds_;
  const LoadedImage& image_;
  RestoreReport& report_;
  Progress& progress_;
  size_t told_ = 0;  // Of plan_.fill_marks.
  bool new_namespace_ = false;
  RestorePlan plan_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<Segment> segment_;
  LaunchedTask task_;
};

Result<bool> ChooseNewNamespace(const RestoreOptions& options, const LoadedImage& image) {
  const bool allowed = MayChoosePids();
  const bool are_free = PidsAreFree(image.process);
  switch (options.pids) {
    case PidChoice::kNewNamespace: return true;
    case PidChoice::kAutomatic: return !(allowed && are_free);
    case PidChoice::kSamePids: break;
  }
  if (!allowed)
    return Error(ErrorCode::kDenied, "choosing pids needs CAP_CHECKPOINT_RESTORE; without --same-pids the job gets its "
                                     "old pids in a PID namespace of its own");
  if (!are_free)
    return Error(ErrorCode::kSystem, StrCat("pid ", image.process.pid, " or one of its threads' is taken; without "
                                            "--same-pids the job gets its old pids in a PID namespace of its own"));
  return false;
}

}  // namespace

Result<RestoreReport> Restore(const RestoreOptions& options, const KindList& kinds, Progress& progress) {
  const Clock::time_point start = Clock::now();
  RestoreReport report;
  ASSIGN_OR_RETURN(const LoadedImage image, LoadedImage::Load(options.dir));
  RETURN_IF_ERROR(CheckHost(image.reader->manifest().host));
  ASSIGN_OR_RETURN(report.new_pid_namespace, ChooseNewNamespace(options, image));
  Attempt attempt(options, kinds, image, report, progress);
  RETURN_IF_ERROR(attempt.Plan(report.new_pid_namespace));
  report.inner_pid = image.process.pid;
  if (options.dry_run) return report;

  const ScopedSignalBlock blocked;
  RETURN_IF_ERROR(attempt.Make());
  report.pid = attempt.task().pid;
  report.total_ns = std::chrono::nanoseconds(Clock::now() - start).count();
  if (!options.detach) {
    ASSIGN_OR_RETURN(report.wait_status, attempt.WaitForEnd());
  }
  return report;
}

}  // namespace tardigrade
