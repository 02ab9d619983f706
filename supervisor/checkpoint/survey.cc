#include "supervisor/checkpoint/survey.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "supervisor/base/file_io.h"
#include "supervisor/checkpoint/in_flight.h"
#include "supervisor/checkpoint/namespaces.h"
#include "supervisor/checkpoint/same_file.h"
#include "supervisor/checkpoint/sharing.h"
#include "supervisor/kernel/living_thread.h"
#include "supervisor/kernel/kernel_worker.h"
#include "supervisor/kernel/read_maps.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/describe.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/ptrace_denied.h"

namespace tardigrade {
namespace {

Result<std::vector<int>> ListNumbers(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) {
    if (errno == ENOENT || errno == ESRCH) return Error(ErrorCode::kTraceeGone, StrCat(path, " is gone"));
    return Error::Errno("opening ", path);
  }
  std::vector<int> numbers;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') numbers.push_back(std::atoi(entry->d_name));
  }
  closedir(dir);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Status SurveyThreads(pid_t pid, ProcessSurvey& survey, bool frozen) {
  const std::string base = StrCat("/proc/", survey.pid, "/task");
  ASSIGN_OR_RETURN(std::vector<int> tids, ListNumbers(base));
  // The leader first: the others know its number.
  std::stable_partition(tids.begin(), tids.end(), [&](int tid) { return tid == pid; });
  for (const int tid : tids) {
    TaskFacts task;
    task.pid = survey.pid;
    task.tid = tid;
    task.frozen = frozen;
    task.proc_dir = StrCat(base, "/", tid);
    ASSIGN_OR_RETURN(task.status, ReadFile(task.proc_dir + "/status"));
    if (task.status.starts_with("Name:\tiou-") && IsKernelWorker(survey.pid, tid)) continue;
    ASSIGN_OR_RETURN(task.inner_tid, InnerId(task.status));
    if (tid == pid) survey.inner_pid = task.inner_tid;
    task.inner_pid = survey.inner_pid;
    task.exited = tid == pid && pid != survey.pid;
    if (task.exited) {
      survey.exited_leader = std::move(task);
    } else {
      survey.threads.push_back(std::move(task));
    }
  }
  // Whom the others are asked for comes first.
  std::stable_partition(survey.threads.begin(), survey.threads.end(),
                        [&](const TaskFacts& task) { return task.tid == survey.pid; });
  if (survey.threads.empty() || survey.threads[0].tid != survey.pid || survey.inner_pid < 0)
    return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " has no leader any more"));
  if (!frozen || survey.has_ended) return Ok();
  ASSIGN_OR_RETURN(survey.threads[0].process_pending,
                   ptrace::PeekPendingSignals(survey.pid, /*process_wide=*/true));
  return Ok();
}

// A pidfd of the thread that has the descriptors.
Result<ScopedFd> OpenPidfd(const ProcessSurvey& survey) {
  constexpr unsigned kPidfdThread = O_EXCL;  // PIDFD_THREAD, since 6.9.
  ScopedFd pidfd(static_cast<int>(
      syscall(SYS_pidfd_open, survey.pid, survey.exited_leader ? kPidfdThread : 0)));
  if (!pidfd.valid() && errno == EINVAL && survey.exited_leader)
    return Error(ErrorCode::kUnsupported,
                 "its main thread has exited while others go on, and this kernel gives nobody the "
                 "descriptors of another thread (pidfd_open(2), PIDFD_THREAD); snapshot under Linux "
                 "6.9 or later, or let main wait for the threads, pthread_join(3)");
  if (!pidfd.valid()) return Error::Errno("pidfd_open");
  return pidfd;
}

Status SurveyMappings(ProcessSurvey& survey, const KindList& kinds) {
  ASSIGN_OR_RETURN(survey.mappings, ReadMaps(survey.pid));
  for (const MemoryMapping& mapping : survey.mappings) {
    const MappingKind* claimed = nullptr;
    for (const auto& kind : kinds.mappings) {
      if (!kind->Claims(mapping)) continue;
      if (claimed != nullptr)
        return Error(ErrorCode::kInternal, StrCat("both ", claimed->name(), " and ", kind->name(), " claim the mapping at ", Hex(mapping.start)));
      claimed = kind.get();
    }
    if (claimed == nullptr)
      return Error(ErrorCode::kUnsupported, StrCat("the mapping at ", Hex(mapping.start), " is ", DescribeMapping(mapping),
                                                   ", which cannot be saved", WayOut(mapping.path)));
    survey.mapping_kinds.push_back(claimed);
  }
  return Ok();
}

Status SurveyDescriptors(ProcessSurvey& process, Survey& survey) {
  const std::string base = StrCat("/proc/", process.pid);
  ASSIGN_OR_RETURN(const std::vector<int> numbers, ListNumbers(base + "/fd"));
  ASSIGN_OR_RETURN(const ScopedFd pidfd, OpenPidfd(process));
  for (const int fd : numbers) {
    FdFacts facts;
    facts.pid = process.pid;
    facts.inner_pid = process.inner_pid;
    facts.fd = fd;
    facts.job = &survey.pids;
    ASSIGN_OR_RETURN(facts.link, ReadLink(StrCat(base, "/fd/", fd)));
    ASSIGN_OR_RETURN(const std::string info, ReadFile(StrCat(base, "/fdinfo/", fd)));
    ASSIGN_OR_RETURN(facts.info, ParseFdInfo(info), "fd ", fd);
    ScopedFd local(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0)));
    if (!local.valid()) return Error::Errno("pidfd_getfd of fd ", fd);
    facts.local_fd = local.get();
    if (fstat(local.get(), &facts.stat) != 0) return Error::Errno("fstat of fd ", fd);
    survey.close_on_exec.push_back((facts.info.flags & O_CLOEXEC) != 0);
    survey.local_fds.push_back(std::move(local));
    survey.descriptors.push_back(std::move(facts));
    ++process.descriptor_count;
  }
  return Ok();
}

// Among `all` the descriptors are seen.
Status ClaimDescriptors(std::span<const FdFacts> all, const KindList& kinds, Survey& survey) {
  survey.fd_kinds.clear();
  for (const FdFacts& facts : survey.descriptors) {
    Result<const FdKind*> kind = ClaimFd(facts, all, kinds);
    if (!kind.has_value() && survey.processes.size() == 1) return std::move(kind).error();
    if (!kind.has_value()) return std::move(kind).error().While(StrCat("process ", facts.pid));
    survey.fd_kinds.push_back(kind.value());
  }
  return Ok();
}

// Of what several descriptors refer to, one local descriptor is enough.
Status GroupDescriptors(Survey& survey) {
  RETURN_IF_ERROR(GroupByFile(survey.descriptors, survey.file_of, survey.first_of));
  std::vector<ScopedFd> kept(survey.first_of.size());
  for (size_t file = 0; file < kept.size(); ++file) kept[file] = std::move(survey.local_fds[survey.first_of[file]]);
  for (size_t i = 0; i < survey.descriptors.size(); ++i) survey.descriptors[i].local_fd = kept[survey.file_of[i]].get();
  survey.local_fds = std::move(kept);
  return Ok();
}

Status SurveyIdentity(const TreeMember& member, bool frozen, Survey& survey, ProcessSurvey& process) {
  process.pid = member.pid;
  process.has_ended = member.has_ended;
  if (!member.has_ended) {
    ASSIGN_OR_RETURN(process.pid, LivingThread(member.pid));
  }
  ASSIGN_OR_RETURN(const std::string stat, ReadFile(StrCat("/proc/", member.pid, "/stat")));
  ASSIGN_OR_RETURN(process.stat, ParseProcStat(stat));
  process.comm = process.stat.comm;
  RETURN_IF_ERROR(SurveyThreads(member.pid, process, frozen));
  survey.pids.AddProcess(member.pid, process.inner_pid);
  ASSIGN_OR_RETURN(const std::vector<uint64_t> group, StatusNumbers(process.threads[0].status, "NSpgid", 10));
  if (!group.empty()) survey.pids.AddGroup(process.stat.pgrp, static_cast<pid_t>(group.back()));
  process.inner_parent = survey.pids.InnerProcess(member.parent).value_or(0);
  for (const ProcessSurvey& parent : survey.processes) {
    // Restored it would be the leader's child until that exits, and be signalled then if it asked for
    // that (kernel/exit.c, forget_original_parent()).
    if (parent.inner_pid == process.inner_parent && parent.exited_leader)
      return Error(ErrorCode::kUnsupported,
                   StrCat("the main thread of its parent ", parent.inner_pid,
                          " has exited while others go on, and this parent has children, which cannot be "
                          "restored yet (let main wait for the threads, pthread_join(3))"));
  }
  return Ok();
}

// `table`, `memory`: who has the same descriptor table or memory and was surveyed already, or 0.
Status SurveyProcess(const TreeMember& member, const KindList& kinds, bool frozen, pid_t table, pid_t memory, Survey& survey) {
  ProcessSurvey process;
  RETURN_IF_ERROR(SurveyIdentity(member, frozen, survey, process));
  if (!member.has_ended) {
    RETURN_IF_ERROR(CheckNamespaces(process.pid));
    if (memory == 0) RETURN_IF_ERROR(SurveyMappings(process, kinds));
    process.first_descriptor = survey.descriptors.size();
    if (table == 0) RETURN_IF_ERROR(SurveyDescriptors(process, survey));
    if (table != 0) survey.pids.AddSharer(member.pid, table);
    process.table_of = table;
  }
  survey.processes.push_back(std::move(process));
  return Ok();
}

// Of many processes the message has to say which one.
Status Of(const Survey& survey, const ProcessSurvey& process, Status status) {
  if (status.has_value() || survey.processes.size() == 1) return status;
  return std::move(status).error().While(StrCat("process ", process.pid, " (", process.comm, ")"));
}

Status CheckProcess(const ProcessSurvey& process, const KindList& kinds) {
  for (const auto& kind : kinds.processes) RETURN_IF_ERROR(kind->Check(process.threads[0]));
  for (const TaskFacts& thread : process.threads) {
    for (const auto& kind : kinds.threads) RETURN_IF_ERROR(kind->Check(thread), "thread ", thread.tid);
  }
  for (size_t i = 0; i < process.mappings.size(); ++i)
    RETURN_IF_ERROR(process.mapping_kinds[i]->Check(process.pid, process.mappings[i]), "the mapping at ", Hex(process.mappings[i].start));
  return Ok();
}

// Kinds of tasks need not list again what is known to be open.
void TellDescriptors(Survey& survey) {
  std::map<pid_t, std::span<const FdFacts>> tables;
  for (ProcessSurvey& process : survey.processes) {
    if (process.has_ended) continue;
    std::span<const FdFacts> own = std::span(survey.descriptors).subspan(process.first_descriptor, process.descriptor_count);
    const auto shared = tables.find(process.table_of);
    if (process.table_of != 0) {
      if (shared == tables.end()) continue;
      own = shared->second;
    }
    tables.emplace(process.pid, own);
    for (TaskFacts& task : process.threads) task.descriptors = own;
  }
}

void DescribeJob(Survey& survey, bool frozen) {
  survey.job.pids = &survey.pids;
  survey.job.frozen = frozen;
  for (const ProcessSurvey& process : survey.processes) {
    if (process.has_ended) continue;
    std::vector<pid_t>& threads = survey.thread_ids.emplace_back();
    for (const TaskFacts& thread : process.threads) threads.push_back(thread.tid);
    // The numbers stay where they are, also when the list of lists grows.
    survey.job.members.push_back({.pid = process.pid, .inner_pid = process.inner_pid, .threads = threads, .mappings = process.mappings});
  }
}

}  // namespace

Result<const FdKind*> ClaimFd(const FdFacts& facts, std::span<const FdFacts> all, const KindList& kinds) {
  const FdKind* claimed = nullptr;
  for (const auto& kind : kinds.fds) {
    if (!kind->ClaimsAmong(facts, all)) continue;
    if (claimed != nullptr)
      return Error(ErrorCode::kInternal, StrCat("both ", claimed->name(), " and ", kind->name(), " claim fd ", facts.fd));
    claimed = kind.get();
  }
  if (claimed == nullptr)
    return Error(ErrorCode::kUnsupported, StrCat("fd ", facts.fd, " is ", DescribeFd(facts), ", which cannot be saved", WayOut(facts.link)));
  return claimed;
}

// Reading a namespace link takes that right (PTRACE_MODE_READ_FSCREDS, fs/proc/namespaces.c), as most
// of the survey does.
Status CheckMayLook(pid_t pid) {
  const Result<pid_t> living = LivingThread(pid);
  if (!living.has_value()) return Ok();
  const Result<std::string> link = ReadLink(StrCat("/proc/", living.value(), "/ns/pid"));
  if (link.has_value()) return Ok();
  const int error = link.error().errno_value();
  if (error == EACCES || error == EPERM) return ptrace::ExplainDenied(living.value());
  return Ok();  // Whatever it is, the survey will say it better.
}

Result<std::unique_ptr<Survey>> Survey::Take(std::span<const TreeMember> members, const KindList& kinds, bool frozen) {
  auto survey = std::make_unique<Survey>();
  const std::vector<pid_t> tables = FindSharers(members, KCMP_FILES);
  const std::vector<pid_t> memories = FindSharers(members, KCMP_VM);
  for (size_t i = 0; i < members.size(); ++i) {
    const TreeMember& member = members[i];
    Status taken = SurveyProcess(member, kinds, frozen, tables[i], memories[i], *survey);
    if (taken.has_value()) continue;
    // Of a running tree anybody but the root may come and go.
    if (!frozen && member.parent >= 0 && IsLeaving(member.pid)) continue;
    if (members.size() == 1) return std::move(taken).error();
    return std::move(taken).error().While(StrCat("process ", member.pid));
  }
  RETURN_IF_ERROR(ClaimDescriptors(survey->descriptors, kinds, *survey));
  RETURN_IF_ERROR(GroupDescriptors(*survey));
  for (FdFacts& facts : survey->descriptors) facts.frozen = frozen;
  RETURN_IF_ERROR(SurveyInFlight(*survey, kinds, frozen));
  // What is in flight may change whose the others are.
  if (survey->all.size() != survey->descriptors.size()) RETURN_IF_ERROR(ClaimDescriptors(survey->all, kinds, *survey));
  DescribeJob(*survey, frozen);
  if (frozen) TellDescriptors(*survey);
  return survey;
}

void Survey::SetPolicy(ExternalPolicy external, bool save_files) {
  for (std::vector<FdFacts>* const list : {&descriptors, &all}) {
    for (FdFacts& facts : *list) {
      facts.external = external;
      facts.save_files = save_files;
    }
  }
}

void Survey::MarkEnding() {
  for (ProcessSurvey& process : processes) {
    for (TaskFacts& task : process.threads) task.is_to_end = true;
  }
}

Status Survey::Check(const KindList& kinds) const {
  for (const ProcessSurvey& process : processes) {
    if (!process.has_ended) RETURN_IF_ERROR(Of(*this, process, CheckProcess(process, kinds)));
  }
  for (const auto& kind : kinds.jobs) RETURN_IF_ERROR(kind->Check(job));
  if (is_incomplete) return Ok();
  for (const ProcessSurvey& process : processes) {
    for (const size_t first : first_of) {
      if (first - process.first_descriptor >= process.descriptor_count) continue;
      Status checked = fd_kinds[first]->Check(descriptors[first], all);
      if (checked.has_value()) continue;
      return Of(*this, process, std::move(checked).error().While(StrCat("fd ", descriptors[first].fd)));
    }
  }
  for (size_t i = descriptors.size(); i < all.size(); ++i)
    RETURN_IF_ERROR(in_flight_kinds[i - descriptors.size()]->Check(all[i], all), "a descriptor in flight");
  return Ok();
}

const ProcessSurvey* ParentOf(const Survey& survey, const ProcessSurvey& process) {
  if (process.inner_parent == 0) return nullptr;
  for (const ProcessSurvey& other : survey.processes) {
    if (other.inner_pid == process.inner_parent) return &other;
  }
  return nullptr;
}

size_t EndOfGroup(const Survey& survey, size_t first) {
  constexpr size_t kMostProcesses = 16, kMostThreads = 64;
  size_t end = first;
  for (size_t threads = 0; end < survey.processes.size() && end - first < kMostProcesses; ++end) {
    threads += survey.processes[end].threads.size();
    if (end > first && threads > kMostThreads) break;
  }
  return end;
}

}  // namespace tardigrade
