#include "supervisor/checkpoint/collector.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "supervisor/base/file_io.h"
#include "supervisor/checkpoint/in_flight.h"
#include "supervisor/checkpoint/protection_keys.h"
#include "supervisor/image/shared_state.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

// The queries of one thread, and where each kind's begin.
struct Queries {
  SyscallPlan plan;
  std::vector<size_t> process_first;  // Leader only; per process kind.
  std::vector<size_t> thread_first;   // Per thread kind.
  size_t keys_first = 0;              // Leader only.
};

Queries MakeQueries(const TaskFacts& task, bool leader, const KindList& kinds) {
  Queries queries;
  if (leader) {
    for (const auto& kind : kinds.processes) queries.process_first.push_back(kind->AddQueries(task, queries.plan));
    queries.keys_first = AddProtectionKeyQueries(queries.plan);
  }
  for (const auto& kind : kinds.threads) queries.thread_first.push_back(kind->AddQueries(task, queries.plan));
  return queries;
}

Result<ThreadDocument> DescribeThread(const TaskFacts& task, const FrozenThread& frozen, AttachmentWriter& attachments) {
  ThreadDocument document;
  document.tid = task.inner_tid;
  ASSIGN_OR_RETURN(document.comm, ReadFile(task.proc_dir + "/comm"));
  while (!document.comm.empty() && document.comm.back() == '\n') document.comm.pop_back();
  ASSIGN_OR_RETURN(const arch::Registers registers, RegistersForImage(frozen));
  ASSIGN_OR_RETURN(document.registers, attachments.Put(std::as_bytes(std::span(&registers, 1))));
  ASSIGN_OR_RETURN(document.extended_state, attachments.Put(frozen.extended_state));
  document.signal_mask = frozen.signal_mask;
  document.syscall_time_left_ns = frozen.syscall_time_left_ns;
  return document;
}

template <typename Kind>
Status CollectStates(const std::vector<std::unique_ptr<Kind>>& kinds, const std::vector<size_t>& first,
                     const TaskFacts& task, const Outcome& answers, CollectContext& context,
                     std::vector<KindState>& states) {
  for (size_t k = 0; k < kinds.size(); ++k) {
    ASSIGN_OR_RETURN(Value state, kinds[k]->Collect(task, answers, first[k], context), "thread ", task.tid, ": ",
                     kinds[k]->name());
    states.push_back({std::string(kinds[k]->name()), std::move(state)});
  }
  return Ok();
}

// The survey lists threads as /proc does, the freeze as it found them: survey index per frozen thread.
Result<std::vector<size_t>> MatchThreads(const ProcessSurvey& survey, std::span<const FrozenThread> frozen) {
  std::map<pid_t, size_t> by_tid;
  for (size_t i = 0; i < survey.threads.size(); ++i) by_tid.emplace(survey.threads[i].tid, i);
  std::vector<size_t> match;
  for (const FrozenThread& thread : frozen) {
    const auto it = by_tid.find(thread.tid);
    if (it == by_tid.end()) return Error(ErrorCode::kTraceeGone, StrCat("thread ", thread.tid, " is gone"));
    match.push_back(it->second);
  }
  if (match.size() != survey.threads.size())
    return Error(ErrorCode::kInternal, StrCat(survey.threads.size(), " threads, of which ", match.size(), " are frozen"));
  return match;
}

// What a thread would give to exit(2) to end with the same status.
Result<int32_t> ExitCodeOf(const TaskFacts& leader) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(leader.proc_dir + "/stat"));
  ASSIGN_OR_RETURN(const ProcStat stat, ParseProcStat(text));
  const auto status = static_cast<uint32_t>(stat.exit_code);
  // kernel/seccomp.c, __seccomp_filter(): SECCOMP_RET_KILL_THREAD ends one thread by a signal.
  if ((status & 0xff) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("its main thread was ended by signal ", status & 0x7f,
                        " while others went on, which cannot be restored"));
  return static_cast<int32_t>(status >> 8 & 0xff);
}

// Those are saved with whom the memory is saved by.
void DropStatesOfMemory(std::vector<KindState>& states) {
  std::erase_if(states, [](const KindState& state) { return state.kind == kStateOfMemory; });
}

}  // namespace

Status SnapshotContext::AddObject(const std::string& key, std::string_view kind,
                                  const std::function<Result<Value>()>& collect) {
  if (files_.objects.contains(key)) return Ok();
  ASSIGN_OR_RETURN(Value state, collect(), "object ", key);
  files_.objects[key] = {std::string(kind), std::move(state)};
  return Ok();
}

// Several mappings of one file have the same to say.
void SnapshotContext::Warn(std::string text) {
  if (std::find(warnings_.begin(), warnings_.end(), text) == warnings_.end()) warnings_.push_back(std::move(text));
}

Result<uint32_t> SnapshotContext::AddFile(ScopedFd local_fd) {
  if (survey_ == nullptr) return Error(ErrorCode::kInternal, "a descriptor in flight before the survey");
  ASSIGN_OR_RETURN(const size_t index, FindInFlight(*survey_, local_fd.get()));
  if (index < survey_->descriptors.size()) return static_cast<uint32_t>(survey_->file_of[index]);
  return static_cast<uint32_t>(index - survey_->descriptors.size() + survey_->first_of.size());
}

Status CollectTasks(const ProcessSurvey& survey, const KindList& kinds, FrozenProcess& frozen, SnapshotContext& context,
                    ProcessDocument& process) {
  const std::span<const FrozenThread> threads = frozen.threads();
  ASSIGN_OR_RETURN(const std::vector<size_t> match, MatchThreads(survey, threads));
  // Before the visit: a refusal must cost as little as it can.
  for (const FrozenThread& thread : threads) RETURN_IF_ERROR(RegistersForImage(thread));
  std::vector<std::vector<uint64_t>> programs;
  for (size_t i = 0; i < threads.size(); ++i)
    programs.push_back(MakeQueries(survey.threads[match[i]], i == 0, kinds).plan.Compile());
  FrozenFacts known = {.mappings = survey.shared.memory == 0 ? &survey.mappings : nullptr, .statuses = {}};
  for (const size_t i : match) known.statuses.push_back(survey.threads[i].status);
  RETURN_IF_ERROR(frozen.Visit(programs, known));
  for (size_t i = 0; i < threads.size(); ++i) {
    const TaskFacts& task = survey.threads[match[i]];
    // Made anew rather than kept: the plans of a thousand threads take more memory than time.
    const Queries queries = MakeQueries(task, i == 0, kinds);
    const Outcome answers(queries.plan, std::move(programs[i]));
    RETURN_IF_ERROR(answers.Check(), "thread ", task.tid);
    ASSIGN_OR_RETURN(ThreadDocument document, DescribeThread(task, threads[i], context.attachments()));
    if (i == 0) {
      RETURN_IF_ERROR(CollectStates(kinds.processes, queries.process_first, task, answers, context, process.states));
      process.protection_keys = survey.shared.memory == 0 ? AllocatedProtectionKeys(answers, queries.keys_first) : 0;
    }
    RETURN_IF_ERROR(CollectStates(kinds.threads, queries.thread_first, task, answers, context, document.states));
    process.threads.push_back(std::move(document));
    process.stop_signal = std::max(process.stop_signal, threads[i].stop_signal);
  }
  if (survey.shared.memory != 0) DropStatesOfMemory(process.states);
  // What wait(2) has taken is no longer there: kernel/exit.c, wait_task_stopped().
  process.stop_reported = process.stop_signal != 0 && survey.stat.exit_code == 0;
  return Ok();
}

Status CollectExitedLeader(const ProcessSurvey& survey, const KindList& kinds, SnapshotContext& context,
                           ProcessDocument& process) {
  if (!survey.exited_leader) return Ok();
  const TaskFacts& leader = *survey.exited_leader;
  ThreadDocument document;
  document.tid = leader.inner_tid;
  document.comm = survey.comm;
  ASSIGN_OR_RETURN(document.exit_code, ExitCodeOf(leader));
  ASSIGN_OR_RETURN(document.registers, context.attachments().Put({}));
  ASSIGN_OR_RETURN(document.extended_state, context.attachments().Put({}));
  const SyscallPlan nothing;
  const Outcome no_answers(nothing, nothing.Compile());
  for (const auto& kind : kinds.threads) {
    if (!kind->SavesExited()) continue;
    ASSIGN_OR_RETURN(Value state, kind->Collect(leader, no_answers, 0, context), "thread ",
                     leader.tid, ": ", kind->name());
    document.states.push_back({std::string(kind->name()), std::move(state)});
  }
  process.threads.insert(process.threads.begin(), std::move(document));
  return Ok();
}

namespace {

// A description without a number cannot be worked on by the task.
Status CheckNeedsNoTask(const FdFacts& file, const FdKind& kind, const Value& state) {
  SyscallPlan plan;
  RETURN_IF_ERROR(kind.PlanBeforeLocks(state, 0, plan));
  RETURN_IF_ERROR(kind.PlanInTask(state, 0, plan));
  if (kind.NeedsTasks())
    return Error(ErrorCode::kUnsupported,
                 StrCat("a ", kind.name(), " (", file.link, ") is in flight between processes, and can be made only when "
                        "all of them exist; let it be received first"));
  if (plan.empty()) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("a ", kind.name(), " (", file.link, ") is in flight between processes and has state that only a "
                      "process with a descriptor of it can be given (", plan.label(0), "); let it be received first"));
}

// What has no descriptor comes after what has.
Status CollectInFlight(const Survey& survey, SnapshotContext& context, FilesDocument& files) {
  for (size_t i = survey.descriptors.size(); i < survey.all.size(); ++i) {
    const FdKind& kind = *survey.in_flight_kinds[i - survey.descriptors.size()];
    ASSIGN_OR_RETURN(Value state, kind.Collect(survey.all[i], survey.all, context), "a descriptor in flight");
    RETURN_IF_ERROR(CheckNeedsNoTask(survey.all[i], kind, state));
    files.files.push_back({std::string(kind.name()), std::move(state)});
  }
  return Ok();
}

}  // namespace

Status CollectFiles(const Survey& survey, SnapshotContext& context, FilesDocument& files) {
  for (const size_t first : survey.first_of) {
    const FdKind& kind = *survey.fd_kinds[first];
    const FdFacts& file = survey.all[first];
    ASSIGN_OR_RETURN(Value state, kind.Collect(file, survey.all, context), "process ", file.pid, ": fd ", file.fd);
    files.files.push_back({std::string(kind.name()), std::move(state)});
  }
  return CollectInFlight(survey, context, files);
}

Status CollectJob(const Survey& survey, const KindList& kinds, const AskMember& ask, SnapshotContext& context,
                  FilesDocument& files) {
  for (const auto& kind : kinds.jobs) {
    ASSIGN_OR_RETURN(std::optional<Value> state, kind->Collect(survey.job, ask, context), kind->name());
    if (state.has_value()) files.job.push_back({std::string(kind->name()), std::move(*state)});
  }
  return Ok();
}

Status CollectDescriptors(const Survey& survey, const ProcessSurvey& of, ProcessDocument& process) {
  std::set<size_t> seen;
  for (size_t i = of.first_descriptor; i < of.first_descriptor + of.descriptor_count; ++i) {
    const FdFacts& facts = survey.descriptors[i];
    DescriptorDocument& document = process.descriptors.emplace_back();
    document.fd = facts.fd;
    document.close_on_exec = survey.close_on_exec[i];
    document.file = static_cast<uint32_t>(survey.file_of[i]);
    if (!seen.insert(survey.file_of[i]).second) continue;
    ASSIGN_OR_RETURN(document.of_process, survey.fd_kinds[i]->CollectOfProcess(facts), "fd ", facts.fd);
  }
  return Ok();
}

}  // namespace tardigrade
