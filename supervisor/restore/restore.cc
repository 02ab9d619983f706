#include "supervisor/restore/restore.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "supervisor/kernel/children.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/restore/birth_plan.h"
#include "supervisor/restore/choose_pid.h"
#include "supervisor/restore/control_channel.h"
#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/finisher.h"
#include "supervisor/restore/image_heap.h"
#include "supervisor/restore/launcher.h"
#include "supervisor/restore/loaded_image.h"
#include "supervisor/restore/made_log.h"
#include "supervisor/restore/placed_files.h"
#include "supervisor/restore/receive.h"
#include "supervisor/restore/release_guard.h"
#include "supervisor/restore/restore_plan.h"
#include "supervisor/restore/resumptions.h"
#include "supervisor/restore/segment.h"
#include "supervisor/restore/task_entry.h"
#include "supervisor/restore/tree_board.h"

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

// The first of the job's ids, those that are stood in for among them, that is taken here.
Result<std::optional<pid_t>> FindTakenPid(const LoadedImage& image) {
  for (const LoadedProcess& process : image.processes) {
    if (!IsPidFree(process.document.pid)) return std::optional(process.document.pid);
    for (const ThreadDocument& thread : process.document.threads) {
      if (!IsPidFree(thread.tid)) return std::optional(thread.tid);
    }
  }
  ASSIGN_OR_RETURN(const BirthPlan births, BirthPlan::Make(image, IsPidFree));
  for (const pid_t pid : births.stand_in_pids) {
    if (!IsPidFree(pid)) return std::optional(pid);
  }
  return std::optional<pid_t>();
}

// As FindTakenPid(); but whoever saved the job may just have killed it, and it may be waited for any moment.
Result<std::optional<pid_t>> FindPidThatStaysTaken(const LoadedImage& image) {
  constexpr int kPauseUs = 1'000, kPauses = 200;
  for (int pause = 0;; ++pause) {
    ASSIGN_OR_RETURN(const std::optional<pid_t> pid, FindTakenPid(image));
    if (!pid.has_value() || pause == kPauses || !IsPidOfTheDead(*pid)) return pid;
    usleep(kPauseUs);
  }
}

// The first of the job's objects whose name is taken here.
std::optional<std::string> FindTakenName(const LoadedImage& image, const KindList& kinds) {
  for (const auto& [key, object] : image.files.objects) {
    const ObjectKind* kind = FindObjectKind(kinds, object.kind);
    if (kind == nullptr) continue;
    if (std::optional<std::string> taken = kind->TakenHere(object.state); taken.has_value()) return taken;
  }
  return std::nullopt;
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
                             .caller_uid = geteuid(),
                             .moved = options_.moved_files};
    ASSIGN_OR_RETURN(plan_, MakeRestorePlan(image_, kinds_, facts));
    report_.plan.push_back(new_namespace ? StrCat("in a new ", facts.new_user_namespace ? "user and " : "", "PID namespace", plan_.new_ipc_namespace ? " and IPC namespace" : "")
                                         : std::string("with the old pids"));
    report_.plan.insert(report_.plan.end(), plan_.summary.begin(), plan_.summary.end());
    return Ok();
  }

  Status Make() {
    ASSIGN_OR_RETURN(resumptions_, Resumptions::Start(image_, kinds_));
    ASSIGN_OR_RETURN(launcher_, Launcher::Create());
    ASSIGN_OR_RETURN(ControlChannel channel, ControlChannel::Create());
    ASSIGN_OR_RETURN(board_, TreeBoard::Create());
    ASSIGN_OR_RETURN(made_, MadeLog::Create());
    ASSIGN_OR_RETURN(placed_, PlacedFiles::Create());
    RETURN_IF_ERROR(MakeSegments());
    const TaskInputs inputs{&image_,   &kinds_,      &plan_,      segments_,    &options_.moved_files, options_.changed_files, new_namespace_,
                            &channel, board_.get(), made_.get(), placed_.get()};
    const auto run = [&inputs] { RunRootTask(inputs); };
    const pid_t root = image_.root().document.pid;
    ASSIGN_OR_RETURN(task_, new_namespace_ ? launcher_->InNewNamespace(root, plan_.new_ipc_namespace, run)
                                           : launcher_->WithSamePid(root, options_.detach, run));
    Status made = Build(channel);
    if (made.has_value()) return made;
    launcher_->Abandon(task_, orphans_);
    // What is in a namespace made for the job is gone with it.
    if (!plan_.new_ipc_namespace) made_->RemoveAll(kinds_);
    placed_->TakeBack();
    return made;
  }

  Result<int> WaitForEnd() { return launcher_->WaitForEnd(task_); }
  const LaunchedTask& task() const { return task_; }

 private:
  Status MakeSegments() {
    std::vector<Segment::Place> places;
    for (const ProcessPlan& process : plan_.processes) {
      if (!process.threads.empty()) places.push_back(process.place);
    }
    RETURN_IF_ERROR(segment_space_.Map(places));
    for (const ProcessPlan& process : plan_.processes)
      segments_.push_back(process.threads.empty() ? nullptr : Segment::CreateIn(process.place, process.threads, process.links));
    return Ok();
  }

  bool HasSeccomp() const {
    for (const ProcessPlan& process : plan_.processes) {
      if (std::any_of(process.threads.begin(), process.threads.end(),
                      [](const ThreadPlans& thread) { return !thread.seccomp.empty(); }))
        return true;
    }
    return false;
  }

  Status Build(ControlChannel& channel) {
    channel_ = &channel;
    ASSIGN_OR_RETURN(Finisher root, Finisher::Attach(task_.pid, HasSeccomp()));
    RETURN_IF_ERROR(channel.SayStart());
    RETURN_IF_ERROR(AwaitBirths(root));
    ASSIGN_OR_RETURN(std::vector<Finisher> finishers, AttachAll(std::move(root)));
    board_->Arrive(TreeBoard::kGo, 1);
    uint64_t bytes = 0;
    for (const ProcessPlan& process : plan_.processes) bytes += process.fill_marks.empty() ? 0 : process.fill_marks.back().bytes;
    progress_.Begin("restoring memory", bytes);
    RETURN_IF_ERROR(EachProcess(finishers, [this](Finisher& finisher, size_t i) {
      return finisher.AwaitParked(*segments_[i], image_.processes[i], {[this] { return Failure(); }, [this] { return Waiting(); }});
    }));
    progress_.End();
    (void)Failure();
    for (std::string& warning : reports_.warnings) report_.warnings.push_back(std::move(warning));
    RETURN_IF_ERROR(ArmAll(finishers));
    if (options_.on_restored) RETURN_IF_ERROR(options_.on_restored(task_.pid, report_.warnings));
    RETURN_IF_ERROR(resumptions_.Release(reports_.held_back));
    return ReleaseAll(finishers);
  }

  // Whole or not at all, should this process be killed meanwhile: the init then takes all with it, or
  // the guard does.
  Status ReleaseAll(std::vector<Finisher>& finishers) {
    std::unique_ptr<ReleaseGuard> guard;
    if (task_.init_pid < 0 && finishers.size() > 1) {
      std::vector<pid_t> pids;
      for (const Finisher& finisher : finishers) pids.push_back(finisher.leader());
      ASSIGN_OR_RETURN(guard, ReleaseGuard::Create(pids));
    }
    RETURN_IF_ERROR(EachProcess(finishers, [](Finisher& finisher, size_t) { return finisher.Release(); }));
    if (guard != nullptr) guard->Dismiss();
    launcher_->SetFree(task_);
    return Ok();
  }

  // Children before their parents, so that the parents still can be made to forget that they stopped.
  Status ArmAll(std::vector<Finisher>& finishers) {
    std::map<int32_t, Finisher*> by_pid;
    std::map<int32_t, StopNotices> notices;
    auto finisher = finishers.rbegin();
    for (const LoadedProcess& process : image_.processes) {
      if (!process.has_ended()) by_pid[process.document.pid] = &finishers[by_pid.size()];
    }
    for (size_t i = image_.processes.size(); i-- > 0;) {
      const LoadedProcess& process = image_.processes[i];
      if (process.has_ended()) continue;
      const ProcessDocument& document = process.document;
      Status armed = (finisher++)->Arm(*segments_[i], process, notices[document.pid]);
      const auto parent = by_pid.find(document.parent);
      if (armed.has_value() && document.stop_signal != 0)
        armed = Stop(*by_pid.at(document.pid), document, parent == by_pid.end() ? nullptr : parent->second, notices[document.parent]);
      if (!armed.has_value()) return OfProcess(i, std::move(armed));
    }
    return Ok();
  }

  // `parent`: null if it is not of the job.
  static Status Stop(Finisher& finisher, const ProcessDocument& document, const Finisher* parent, StopNotices& notices) {
    if (parent == nullptr) return finisher.Stop(document.stop_signal);
    ASSIGN_OR_RETURN(const bool pending, HasPendingSigchld(parent->leader()));
    RETURN_IF_ERROR(finisher.Stop(document.stop_signal));
    notices.signalled = notices.signalled || !pending;
    if (document.stop_reported) notices.to_forget.push_back(document.pid);
    return Ok();
  }

  // Of many processes the message has to say which one.
  Status OfProcess(size_t i, Status status) const {
    if (image_.processes.size() == 1) return status;
    return std::move(status).error().While(StrCat("process ", image_.processes[i].document.pid));
  }

  // `finishers` are of those that have not ended, in their order.
  template <typename Step>
  Status EachProcess(std::vector<Finisher>& finishers, const Step& step) {
    auto finisher = finishers.begin();
    for (size_t i = 0; i < image_.processes.size(); ++i) {
      if (image_.processes[i].has_ended()) continue;
      Status done = step(*finisher++, i);
      if (!done.has_value()) return OfProcess(i, std::move(done));
    }
    return Ok();
  }

  // What a task said it failed with.
  Status Failure() {
    channel_->Collect(reports_);
    if (reports_.error.empty()) return Ok();
    return Error(reports_.code, reports_.error);
  }

  Status Waiting() {
    TellProgress();
    return Failure();
  }

  Status AwaitBirths(Finisher& root) {
    constexpr int kTickMs = 20;
    Status failed = Ok();
    const auto may_wait = [&] {
      failed = root.CheckAlive([this] { return Failure(); });
      return failed.has_value();
    };
    if (board_->Await(TreeBoard::kBorn, static_cast<uint32_t>(image_.processes.size()), kTickMs, may_wait)) return Ok();
    return failed;
  }

  // The job's pids are those of the namespace it is made in.
  Result<std::vector<Finisher>> AttachAll(Finisher root) {
    std::map<pid_t, pid_t> outer_of;
    std::vector<pid_t> family = {task_.init_pid > 0 ? task_.init_pid : task_.pid};
    // Orphans hang on whoever reaps here.
    for (const LoadedProcess& process : image_.processes) {
      if (!new_namespace_ && process.document.parent == 0 && process.document.pid != task_.pid) family.push_back(process.document.pid);
    }
    for (size_t i = 0; i < family.size(); ++i) {
      ASSIGN_OR_RETURN(const pid_t inner, ReadInnerTid(family[i], family[i]));
      outer_of.emplace(inner, family[i]);
      ASSIGN_OR_RETURN(const std::vector<pid_t> children, ListChildren(family[i]));
      family.insert(family.end(), children.begin(), children.end());
    }
    std::vector<Finisher> finishers;
    finishers.push_back(std::move(root));
    for (size_t i = 1; i < image_.processes.size(); ++i) {
      const LoadedProcess& process = image_.processes[i];
      if (process.has_ended()) continue;
      const auto it = outer_of.find(process.document.pid);
      if (it == outer_of.end()) return Error(ErrorCode::kInternal, StrCat("process ", process.document.pid, " was not made"));
      ASSIGN_OR_RETURN(Finisher finisher, Finisher::Attach(it->second, HasSeccomp()));
      finishers.push_back(std::move(finisher));
      if (process.document.parent == 0) orphans_.push_back(it->second);
    }
    return finishers;
  }

  void TellProgress() {
    uint64_t done = 0;
    for (size_t i = 0; i < plan_.processes.size(); ++i) {
      const std::vector<FillMark>& marks = plan_.processes[i].fill_marks;
      if (segments_[i] == nullptr || marks.empty()) continue;
      const size_t ops = segments_[i]->MemoryOpsDone();
      const auto next = std::partition_point(marks.begin(), marks.end(), [&](const FillMark& mark) { return mark.op < ops; });
      if (next != marks.begin()) done += (next - 1)->bytes;
    }
    progress_.Advance(done - told_);
    told_ = done;
  }

  const RestoreOptions& options_;
  const KindList& kinds_;
  const LoadedImage& image_;
  RestoreReport& report_;
  Progress& progress_;
  uint64_t told_ = 0;  // Bytes.
  bool new_namespace_ = false;
  RestorePlan plan_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<TreeBoard> board_;
  std::unique_ptr<MadeLog> made_;
  std::unique_ptr<PlacedFiles> placed_;
  SegmentSpace segment_space_;
  std::vector<std::unique_ptr<Segment>> segments_;  // As the image's processes.
  std::vector<pid_t> orphans_;  // As seen here; those that are traced.
  ControlChannel* channel_ = nullptr;
  ControlChannel::Reports reports_;
  Resumptions resumptions_;
  LaunchedTask task_;
};

Result<bool> ChooseNewNamespace(const RestoreOptions& options, const LoadedImage& image, const KindList& kinds) {
  const bool allowed = MayChoosePids();
  if (options.pids == PidChoice::kNewNamespace || (options.pids == PidChoice::kAutomatic && !allowed)) return true;
  ASSIGN_OR_RETURN(const std::optional<pid_t> pid, FindPidThatStaysTaken(image));
  std::optional<std::string> taken = FindTakenName(image, kinds);
  if (pid.has_value()) taken = StrCat("pid ", *pid);
  switch (options.pids) {
    case PidChoice::kNewNamespace: return true;
    case PidChoice::kAutomatic: return taken.has_value();
    case PidChoice::kSamePids: break;
  }
  if (!allowed)
    return Error(ErrorCode::kDenied, "choosing pids needs CAP_CHECKPOINT_RESTORE; without --same-pids the job gets its "
                                     "old pids in a PID namespace of its own");
  if (taken.has_value())
    return Error(ErrorCode::kSystem, StrCat(*taken, " is taken; without "
                                            "--same-pids the job gets its old pids in a PID namespace of its own"));
  return false;
}

}  // namespace

Result<RestoreReport> Restore(const RestoreOptions& options, const KindList& kinds, Progress& progress) {
  if (options.listen.has_value()) return ReceiveAndRestore(options, kinds, progress);
  const Clock::time_point start = Clock::now();
  RestoreReport report;
  ImageHeap heap;
  ASSIGN_OR_RETURN(const LoadedImage image, options.source == nullptr ? LoadedImage::Load(options.dir) : LoadedImage::LoadFrom(options.source));
  RETURN_IF_ERROR(CheckHost(image.reader->manifest().host));
  ASSIGN_OR_RETURN(report.new_pid_namespace, ChooseNewNamespace(options, image, kinds));
  // Not itself on the image's heap: it changes, and from the first page there that is written to, every fork copies
  // the page tables of all of it.
  std::optional<Attempt> attempt(std::in_place, options, kinds, image, report, progress);
  RETURN_IF_ERROR(attempt->Plan(report.new_pid_namespace));
  RETURN_IF_ERROR(heap.Seal());
  report.inner_pid = image.root().document.pid;
  if (options.dry_run) return report;

  const ScopedSignalBlock blocked;
  Status made = attempt->Make();
  if (!made.has_value() && options.pids == PidChoice::kAutomatic && !report.new_pid_namespace) {
    // Somebody may have taken an id or a name since it was looked at.
    ASSIGN_OR_RETURN(report.new_pid_namespace, ChooseNewNamespace(options, image, kinds));
    if (report.new_pid_namespace) {
      report.plan.clear();
      report.warnings.clear();
      attempt.emplace(options, kinds, image, report, progress);
      RETURN_IF_ERROR(attempt->Plan(report.new_pid_namespace));
      made = attempt->Make();
    }
  }
  RETURN_IF_ERROR(made);
  report.pid = attempt->task().pid;
  report.total_ns = std::chrono::nanoseconds(Clock::now() - start).count();
  if (options.on_running) options.on_running(report.pid);
  if (!options.detach) {
    ASSIGN_OR_RETURN(report.wait_status, attempt->WaitForEnd());
  }
  return report;
}

}  // namespace tardigrade
