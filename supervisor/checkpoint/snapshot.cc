#include "supervisor/checkpoint/snapshot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "supervisor/arch/x86_64/host.h"
#include "supervisor/base/fibers.h"
#include "supervisor/base/file_io.h"
#include "supervisor/base/version.h"
#include "supervisor/checkpoint/ask_leader.h"
#include "supervisor/checkpoint/collector.h"
#include "supervisor/checkpoint/controlling_terminals.h"
#include "supervisor/checkpoint/expected_size.h"
#include "supervisor/checkpoint/frozen_tree.h"
#include "supervisor/checkpoint/hand_over.h"
#include "supervisor/checkpoint/image_facts.h"
#include "supervisor/checkpoint/memory_collector.h"
#include "supervisor/checkpoint/memory_sharers.h"
#include "supervisor/checkpoint/outside_world.h"
#include "supervisor/checkpoint/process_writer.h"
#include "supervisor/checkpoint/relations.h"
#include "supervisor/checkpoint/sharing.h"
#include "supervisor/checkpoint/survey.h"
#include "supervisor/checkpoint/until_idle.h"
#include "supervisor/image/image_store.h"
#include "supervisor/tracee/abandoned_segments.h"
#include "supervisor/tracee/arch/x86_64/gadgets.h"
#include "supervisor/tracee/stack_unwinder.h"
#include "supervisor/tracee/symbolize.h"
#include "supervisor/transport/image_sender.h"

namespace tardigrade {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxBacktraceFrames = 64;
constexpr auto kBacktraceBudget = std::chrono::milliseconds(20);

int64_t Nanoseconds(Clock::duration d) { return std::chrono::nanoseconds(d).count(); }

std::string DocumentName(int32_t pid) { return StrCat("process-", pid, ".json"); }

// A process on its way into the image.
struct Subject {
  pid_t pid = -1;  // As seen here.
  ProcessDocument document;
  std::unique_ptr<PageFileWriter> pages;    // Null of one that has ended.
  std::unique_ptr<StackUnwinder> unwinder;  // Null without backtraces.
};

class SnapshotRun {
 public:
  // `sender`: null of an image that goes into a directory.
  SnapshotRun(const SnapshotOptions& options, const KindList& kinds, Progress& progress, ImageSender* sender)
      : options_(options), kinds_(kinds), progress_(progress), sender_(sender) {}

  Result<SnapshotReport> Run() {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(PrepareRunning());
    RETURN_IF_ERROR(CollectFrozen());
    RETURN_IF_ERROR(WriteImage());
    // A job that is not to go on ends only when its image is whole, or it runs elsewhere.
    if (options_.leave != LeaveAs::kAsFound) RETURN_IF_ERROR(sender_ == nullptr ? LetGo() : MoveAway());
    report_.dir = options_.dir;
    report_.image_bytes = image_->bytes_written();
    report_.total_ns = Nanoseconds(Clock::now() - start);
    return std::move(report_);
  }

 private:
  // While the job runs: a first look, so that most reasons to refuse cost it not even a pause, and
  // everything else that need not wait for the freeze.
  Status PrepareRunning() {
    RETURN_IF_ERROR(CheckMayLook(options_.pid));
    freeze_.deadline = Clock::now() + options_.timeout;
    freeze_.allow_fragile = options_.allow_fragile;
    freeze_.gadgets = std::make_shared<arch::GadgetCache>();
    std::vector<TreeMember> members = {{.pid = options_.pid}};
    if (options_.tree) {
      ASSIGN_OR_RETURN(members, LookAtTree(options_.pid));
    } else {
      RETURN_IF_ERROR(CheckHasNoChildren(options_.pid));
    }
    for (const TreeMember& member : members) {
      if (!member.has_ended) RETURN_IF_ERROR(ClearLeftovers(member));
    }
    RemoveAbandonedSegments();
    ASSIGN_OR_RETURN(blank_, ScopedBlankProcess::Create());
    uint64_t expected_bytes = 0;
    {
      std::unique_ptr<Survey> first_look;
      RETURN_IF_ERROR(LookFirst(members, first_look));
      ASSIGN_OR_RETURN(image_, CreateImage());
      // Of a running tree all but the root may come and go, so that only its page file is certain.
      const ProcessSurvey* root = first_look == nullptr ? nullptr : &first_look->processes[0];
      if (root != nullptr && !root->has_ended && !root->threads.empty()) {
        ASSIGN_OR_RETURN(root_pages_, image_->CreatePages(std::to_string(root->inner_pid)));
        expected_bytes = ExpectedPageBytes(root->threads[0].status);
      }
    }
    writer_ = std::make_unique<ProcessWriter>(*image_);
    // Not while the job's descriptors are held open: it may take a while.
    if (root_pages_ != nullptr) root_pages_->Reserve(expected_bytes);
    ASSIGN_OR_RETURN(manifest_.host, ReadHostFacts());
    return Ok();
  }

  Result<std::unique_ptr<ImageWriter>> CreateImage() {
    if (sender_ == nullptr) return ImageWriter::Create(options_.dir, options_.overwrite, options_.durability);
    ASSIGN_OR_RETURN(std::unique_ptr<ImageTarget> target, sender_->Begin());
    return ImageWriter::CreateIn(std::move(target));
  }

  // What runs may end, close descriptors, or be in the midst of vfork(2) while it is looked at: only a refusal
  // counts, only of those who are still there, and only if it stays: for long, if it is with EBUSY (see UntilIdle()).
  // `first_look`: null if it came to nothing.
  Status LookFirst(std::vector<TreeMember> members, std::unique_ptr<Survey>& first_look) {
    constexpr int kLooks = 4;
    constexpr int kPauseUs = 100'000;  // A child between vfork and exec may have to wait for a processor.
    const Clock::time_point patience = Clock::now() + options_.timeout / 10;
    std::string refusal;
    for (int look = 0; look < kLooks; ++look) {
      Status looked = Look(members, first_look);
      if (looked.has_value()) return Ok();
      const ErrorCode code = looked.error().code();
      if (code != ErrorCode::kUnsupported && code != ErrorCode::kDenied) break;
      const auto leaves = [](const TreeMember& member) { return member.parent >= 0 && !member.has_ended && IsLeaving(member.pid); };
      const bool counts = std::none_of(members.begin(), members.end(), leaves);
      const bool stays = counts && looked.error().ToString() == refusal;
      if (stays && (looked.error().errno_value() != EBUSY || Clock::now() >= patience)) return looked;
      if (stays) --look;
      refusal = counts ? looked.error().ToString() : std::string();
      usleep(kPauseUs);
      if (!options_.tree) continue;
      ASSIGN_OR_RETURN(members, LookAtTree(options_.pid));
    }
    first_look.reset();
    return Ok();
  }

  Status Look(const std::vector<TreeMember>& members, std::unique_ptr<Survey>& first_look) {
    ASSIGN_OR_RETURN(first_look, Survey::Take(members, kinds_, /*frozen=*/false));
    first_look->SetPolicy(options_.external, options_.save_files);
    RETURN_IF_ERROR(first_look->Check(kinds_));
    FindSharing(*first_look, *blank_);
    return CheckSharing(*first_look, *blank_, /*frozen=*/false);
  }

  Status ClearLeftovers(const TreeMember& member) {
    Status cleared = ClearAfterKilledSupervisors(member.pid, freeze_);
    if (!cleared.has_value() && member.parent >= 0 && IsLeaving(member.pid)) return Ok();
    return cleared;
  }

  Status FreezeOnce(std::unique_ptr<Survey>& survey) {
    ASSIGN_OR_RETURN(frozen_, FrozenTree::Freeze(options_.pid, options_.tree, freeze_));
    if (!options_.tree) RETURN_IF_ERROR(CheckHasNoChildren(options_.pid));
    ASSIGN_OR_RETURN(survey, Survey::Take(frozen_->members(), kinds_, /*frozen=*/true));
    survey->SetPolicy(options_.external, options_.save_files);
    if (options_.leave == LeaveAs::kKilled) survey->MarkEnding();
    return survey->Check(kinds_);
  }

  Status CollectFrozen() {
    freeze_.deadline = Clock::now() + options_.timeout;
    std::unique_ptr<Survey> survey;
    RETURN_IF_ERROR(UntilIdle([&] { return FreezeOnce(survey); }, [&] { survey.reset(), frozen_.reset(); }, freeze_.deadline));
    FindSharing(*survey, *blank_);
    RETURN_IF_ERROR(CheckSharing(*survey, *blank_, /*frozen=*/true));
    SetNeighbours(*survey, *frozen_);
    SnapshotContext context(image_->attachments(), files_, options_.save_files);
    context.SetSurvey(*survey);
    backtrace_deadline_ = Clock::now() + kBacktraceBudget;
    const bool kills = options_.leave == LeaveAs::kKilled;
    RETURN_IF_ERROR(outside_.Suspend(*survey, kinds_, static_cast<uint32_t>(options_.hold.count())));
    RETURN_IF_ERROR(CollectFiles(*survey, context, files_));
    if (kills) RETURN_IF_ERROR(outside_.KeepWhatOutlivesKill(*survey));
    // Whoever is connected need not wait until memory is read.
    if (!kills) outside_.Resume(*survey);
    RETURN_IF_ERROR(CollectJob(*survey, kinds_, MemberAsker(*survey), context, files_));
    for (size_t first = 0; first < survey->processes.size();) {
      const size_t end = EndOfVisits(*survey, first);
      RETURN_IF_ERROR(CollectProcesses(*survey, first, end, context));
      first = end;
    }
    RETURN_IF_ERROR(DescribeHost(*survey));
    FillReport(*survey, context);
    if (options_.leave == LeaveAs::kAsFound) return LetGo();
    return Ok();
  }

  AskMember MemberAsker(const Survey& survey) {
    std::vector<FrozenProcess*> living;
    for (size_t i = 0; i < survey.processes.size(); ++i) {
      if (!survey.processes[i].has_ended) living.push_back(frozen_->process(i));
    }
    return [living](size_t member, const SyscallPlan& plan) { return AskLeader(*living[member], plan); };
  }

  // Those from `first` up to `end`.
  Status CollectProcesses(const Survey& survey, size_t first, size_t end, SnapshotContext& context) {
    std::vector<Subject> subjects(end - first);
    std::vector<Status> visited(end - first, Ok());
    std::vector<std::function<void()>> bodies;
    for (size_t i = first; i < end; ++i)
      bodies.push_back([&, i] { visited[i - first] = VisitProcess(survey, i, context, subjects[i - first]); });
    RunAsFibers(bodies);
    for (size_t i = first; i < end; ++i) {
      Status collected = std::move(visited[i - first]);
      if (collected.has_value()) collected = CollectRest(survey, i, context, std::move(subjects[i - first]));
      if (collected.has_value()) continue;
      if (survey.processes.size() == 1) return collected;
      return std::move(collected).error().While(StrCat("process ", survey.processes[i].pid));
    }
    return Ok();
  }

  // What its threads have to be asked for.
  Status VisitProcess(const Survey& survey, size_t index, SnapshotContext& context, Subject& subject) {
    const ProcessSurvey& process = survey.processes[index];
    ASSIGN_OR_RETURN(subject.document, DescribeRelations(process));
    DescribeTerminal(survey, process, subject.document);
    if (process.has_ended) return Ok();
    subject.pid = frozen_->process(index)->pid();
    return CollectTasks(process, kinds_, *frozen_->process(index), context, subject.document);
  }

  Status CollectRest(const Survey& survey, size_t index, SnapshotContext& context, Subject&& collected) {
    const ProcessSurvey& process = survey.processes[index];
    subjects_.push_back(std::move(collected));
    ProcessDocument& subject = subjects_.back().document;
    if (process.has_ended) {
      writer_->Add(DocumentName(subject.pid), std::move(subject), nullptr);
      subjects_.pop_back();
      return Ok();
    }
    RETURN_IF_ERROR(CollectDescriptors(survey, process, subject));
    FrozenProcess& frozen = *frozen_->process(index);
    std::unique_ptr<PageFileWriter> pages;
    if (process.shared.memory == 0) RETURN_IF_ERROR(CollectPages(survey, process, frozen, context, pages));
    if (options_.backtraces) TakeBacktraces(process.pid, frozen, subjects_.back());
    // After all that goes by the threads' order as frozen.
    RETURN_IF_ERROR(CollectExitedLeader(process, kinds_, context, subject));
    // Backtraces get their symbols when the job runs again.
    if (subjects_.back().unwinder == nullptr) {
      writer_->Add(DocumentName(subject.pid), std::move(subject), std::move(pages));
      subjects_.pop_back();
    } else {
      subjects_.back().pages = std::move(pages);
    }
    return Ok();
  }

  // Into the last subject and `pages`.
  Status CollectPages(const Survey& survey, const ProcessSurvey& process, FrozenProcess& frozen, SnapshotContext& context,
                      std::unique_ptr<PageFileWriter>& pages) {
    ProcessDocument& subject = subjects_.back().document;
    const std::string name = std::to_string(process.inner_pid);
    subject.pages = StrCat("pages-", name, ".bin");
    subject.pagemap = StrCat("pagemap-", name, ".bin");
    pages = std::move(root_pages_);  // The first process is the root.
    if (pages == nullptr) {
      ASSIGN_OR_RETURN(pages, image_->CreatePages(name));
    }
    // Whoever is to go on must not wait for the disk; whoever is not, waits for the commit.
    if (options_.leave != LeaveAs::kAsFound && options_.durability == Durability::kDurable)
      pages->WriteBehind();
    return CollectMemory(process, ParentOfMemory(survey, process), frozen, context, subject, saved_objects_, *pages, progress_);
  }

  // Best effort, and never for long: addresses now, symbols when the job runs again.
  void TakeBacktraces(pid_t pid, FrozenProcess& frozen, Subject& subject) {
    if (Clock::now() >= backtrace_deadline_) return;
    Result<std::unique_ptr<StackUnwinder>> unwinder = StackUnwinder::Create(pid);
    if (!unwinder.has_value()) return;
    subject.unwinder = std::move(unwinder).value();
    std::vector<ThreadDocument>& threads = subject.document.threads;
    for (size_t i = 0; i < threads.size() && Clock::now() < backtrace_deadline_; ++i) {
      for (const uint64_t address : subject.unwinder->Unwind(frozen.threads()[i].registers, kMaxBacktraceFrames, backtrace_deadline_))
        threads[i].backtrace.emplace_back().address = address;
    }
  }

  Status DescribeHost(const Survey& survey) {
    ASSIGN_OR_RETURN(manifest_.host.vdso_checksum, VdsoOf(survey.processes[0]));
    manifest_.host.xfeatures = 0;
    manifest_.tool_version = kVersion;
    manifest_.created = UtcNow();
    manifest_.root_pid = survey.processes[0].inner_pid;
    for (size_t i = 0; i < survey.processes.size(); ++i) {
      const ProcessSurvey& process = survey.processes[i];
      manifest_.processes.push_back({.pid = process.inner_pid, .comm = process.comm, .document = DocumentName(process.inner_pid)});
      if (process.has_ended) continue;
      for (const FrozenThread& thread : frozen_->process(i)->threads()) manifest_.host.xfeatures |= UsedXfeatures(thread.extended_state);
      frozen_->process(i)->ForgetExtendedStates();
    }
    return Ok();
  }

  void FillReport(const Survey& survey, SnapshotContext& context) {
    report_.pid = survey.processes[0].inner_pid;
    report_.comm = survey.processes[0].comm;
    report_.processes = survey.processes.size();
    for (const ProcessSurvey& process : survey.processes) {
      if (process.has_ended) continue;
      report_.threads += process.threads.size();
      report_.mappings += process.mappings.size();
      report_.descriptors += process.descriptor_count;
    }
    report_.warnings = std::move(context.warnings());
  }

  Status LetGo() {
    if (options_.leave == LeaveAs::kKilled) RETURN_IF_ERROR(outside_.PrepareForKill());
    RETURN_IF_ERROR(frozen_->Leave(options_.leave), "letting the process go");
    if (options_.leave == LeaveAs::kKilled) outside_.Killed();
    report_.pause_ns = Nanoseconds(Clock::now() - frozen_->frozen_at());
    return Ok();
  }

  Status MoveAway() {
    ASSIGN_OR_RETURN(report_.pid_there, HandOver(*sender_, *frozen_));
    return LetGo();
  }

  Status WriteImage() {
    for (Subject& subject : subjects_) {
      if (subject.unwinder != nullptr)
        Symbolize(subject.document.threads, subject.unwinder->mappings(), StrCat("/proc/", subject.pid, "/root"));
      const std::string name = DocumentName(subject.document.pid);
      writer_->Add(name, std::move(subject.document), std::move(subject.pages));
      subject = Subject();
    }
    RETURN_IF_ERROR(writer_->Finish());
    RETURN_IF_ERROR(image_->WriteDocument("files.json", Encode(files_)));
    return image_->Commit(std::move(manifest_));
  }

  const SnapshotOptions& options_;
  const KindList& kinds_;
  Progress& progress_;
  ImageSender* const sender_;
  SnapshotReport report_;
  FreezeOptions freeze_;
  Clock::time_point backtrace_deadline_;
  std::unique_ptr<ImageWriter> image_;
  std::unique_ptr<ScopedBlankProcess> blank_;  // Until the job is collected.
  std::unique_ptr<PageFileWriter> root_pages_;  // Until the root is collected.
  Manifest manifest_;
  std::vector<Subject> subjects_;  // Those that wait for the job to run again.
  std::unique_ptr<ProcessWriter> writer_;
  FilesDocument files_;
  SavedObjects saved_objects_;
  OutsideWorld outside_;
  std::unique_ptr<FrozenTree> frozen_;  // Last: gone first, whatever happens.
};

// Some refusals pass as soon as the job has run on for a while: somebody waits to be accepted, a message to be
// read.  Each look costs the job a short pause, so that they are few, and farther and farther apart.
Result<SnapshotReport> TakeSnapshot(const SnapshotOptions& options, const KindList& kinds, Progress& progress, ImageSender* sender) {
  constexpr int kPartOfTimeout = 10;
  const Clock::time_point last_look = Clock::now() + options.timeout / kPartOfTimeout;
  for (std::chrono::milliseconds pause(5);; pause *= 2) {
    Result<SnapshotReport> taken = SnapshotRun(options, kinds, progress, sender).Run();
    if (taken.has_value() || !taken.error().is_passing() || Clock::now() + pause > last_look) return taken;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<SnapshotReport> Snapshot(const SnapshotOptions& options, const KindList& kinds, Progress& progress) {
  if (!options.to.has_value()) return TakeSnapshot(options, kinds, progress, nullptr);
  const bool copy = options.leave == LeaveAs::kAsFound;
  ASSIGN_OR_RETURN(const std::unique_ptr<ImageSender> sender, ImageSender::Create(*options.to, copy));
  Result<SnapshotReport> taken = TakeSnapshot(options, kinds, progress, sender.get());
  if (!taken.has_value()) {
    sender->GiveUp(taken.error());
    return taken;
  }
  SnapshotReport& report = taken.value();
  if (copy) {
    ASSIGN_OR_RETURN(report.pid_there, sender->AwaitRunning());
  }
  sender->SayDone();
  report.sent_bytes = sender->bytes_sent();
  report.send_ns = sender->send_time().count();
  return taken;
}

}  // namespace tardigrade
