#include "supervisor/checkpoint/sharing.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "supervisor/base/file_io.h"
#include "supervisor/image/shared_state.h"
#include "supervisor/kernel/kcmp.h"
#include "supervisor/kernel/living_thread.h"
#include "supervisor/kernel/proc_stat.h"
#include "supervisor/kernel/vfork_wait.h"

namespace tardigrade {
namespace {

constexpr const char* kIoContext = "an I/O context";

Error Refuse(pid_t a, pid_t b, const std::string& what, const std::string& why) {
  return Error(ErrorCode::kUnsupported, StrCat("processes ", a, " and ", b, " share ", what, why));
}

// Those that have not ended.
std::vector<const ProcessSurvey*> Living(const Survey& survey) {
  std::vector<const ProcessSurvey*> living;
  for (const ProcessSurvey& process : survey.processes) {
    if (!process.has_ended) living.push_back(&process);
  }
  return living;
}

std::vector<pid_t> PidsOf(std::span<const ProcessSurvey* const> processes) {
  std::vector<pid_t> pids;
  for (const ProcessSurvey* process : processes) pids.push_back(process->pid);
  return pids;
}

// Whoever waits in vfork(2) cannot be stopped before the child calls exec or ends.
Status CheckVfork(const Survey& survey) {
  for (const ProcessSurvey* process : Living(survey)) {
    const pid_t memory = process->shared.memory;
    const auto parent = std::find_if(
        survey.processes.begin(), survey.processes.end(), [&](const ProcessSurvey& other) {
          return memory != 0 && other.inner_pid == process->inner_parent && !other.has_ended &&
                 (other.shared.memory == memory || other.inner_pid == memory);
        });
    if (parent == survey.processes.end()) continue;
    for (const TaskFacts& thread : parent->threads) {
      if (IsInVfork(parent->pid, thread.tid))
        return Error::Syscall(
            ErrorCode::kUnsupported, EBUSY,
            StrCat("process ", parent->pid,
                   " waits in vfork(2), or clone(2) with CLONE_VFORK, until a child that "
                   "has its memory (",
                   process->pid, ", perhaps) calls exec or ends; until then it cannot be saved"));
    }
  }
  return Ok();
}

// Only main threads are made with what they share.
Status CheckThreads(const Survey& survey, const ScopedBlankProcess& blank) {
  std::vector<pid_t> tids;
  std::set<pid_t> leaders;
  for (const ProcessSurvey* process : Living(survey)) {
    if (!process->exited_leader) leaders.insert(process->pid);
    for (const TaskFacts& thread : process->threads) {
      if (!blank.Lacks(thread.tid, KCMP_IO)) tids.push_back(thread.tid);
    }
  }
  const std::vector<size_t> first = FirstWithSame(tids, KCMP_IO);
  for (size_t i = 0; i < tids.size(); ++i) {
    const pid_t a = tids[first[i]], b = tids[i];
    if (a != b && (!leaders.contains(a) || !leaders.contains(b)))
      return Error(ErrorCode::kUnsupported,
                   StrCat("threads ", a, " and ", b, " share ", kIoContext,
                          " (CLONE_IO), which can only be saved of main threads"));
  }
  return Ok();
}

bool HasCallersRoot(pid_t pid) {
  struct stat theirs = {}, ours = {};
  return stat(StrCat("/proc/", pid, "/root").c_str(), &theirs) != 0 ||
         stat("/proc/self/root", &ours) != 0 ||
         (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino);
}

// Each of those who share it changes to it by its path, which the first makes unreachable.
Status CheckRoots(const Survey& survey) {
  for (const ProcessSurvey& process : survey.processes) {
    if (process.shared.filesystem != 0 && !HasCallersRoot(process.pid))
      return Error(ErrorCode::kUnsupported,
                   StrCat("process ", process.pid,
                          " has another root directory (chroot(2)) and shares it with ",
                          process.shared.filesystem,
                          " (CLONE_FS), which cannot be saved; have it call "
                          "unshare(CLONE_FS) or end it"));
  }
  return Ok();
}

// Whether a tree that was made from the root down can come to share that.
Status CheckBirths(const Survey& survey) {
  std::map<pid_t, size_t> index;
  for (size_t i = 0; i < survey.processes.size(); ++i)
    index.emplace(survey.processes[i].inner_pid, i);
  std::vector<size_t> maker;
  for (size_t i = 0; i < survey.processes.size(); ++i) {
    const auto parent = index.find(survey.processes[i].inner_parent);
    // Orphans are made by somebody who comes from the root, or by the root.
    maker.push_back(i == 0                                         ? kNobody
                    : parent == index.end() || parent->second == i ? 0
                                                                   : parent->second);
  }
  const auto groups_of = [&](int32_t SharedWith::*state) {
    std::vector<size_t> group(survey.processes.size(), kNobody);
    for (size_t i = 0; i < group.size(); ++i) {
      const int32_t with = survey.processes[i].shared.*state;
      if (with != 0) group[i] = group[index.at(with)] = index.at(with);
    }
    return group;
  };
  const std::vector<bool> siblings = MakeBySiblings(maker, groups_of(&SharedWith::memory),
                                                    groups_of(&SharedWith::signal_handlers));
  for (size_t i = 0; i < siblings.size(); ++i) {
    // kernel/fork.c, copy_process(): with CLONE_PARENT it has the same.
    if (siblings[i] &&
        survey.processes[i].stat.exit_signal != survey.processes[maker[i]].stat.exit_signal)
      return Refuse(survey.processes[maker[i]].pid, survey.processes[i].pid, "memory",
                    ", but not the signal their parent gets when they end, in a way that cannot be "
                    "restored; end one of them first");
  }
  for (const SharedState& state : kSharedStates) {
    const std::vector<size_t> group = groups_of(state.with);
    const Result<std::vector<size_t>> born_with = GroupsAtBirth(maker, group);
    for (size_t i = 0; i < group.size(); ++i) {
      const bool only_passes = born_with.has_value() && !state.can_unshare &&
                               born_with.value()[i] != kNobody &&
                               (born_with.value()[i] != group[i] || group[maker[i]] != group[i]);
      if (group[i] == kNobody || group[i] == i || (born_with.has_value() && !only_passes)) continue;
      return Refuse(survey.processes[group[i]].pid, survey.processes[i].pid, state.what,
                    ", though those who made them do not, in a way that cannot be restored; end "
                    "one of them first");
    }
  }
  return Ok();
}

std::set<pid_t> OwnPids(const Survey& survey) {
  std::set<pid_t> own;
  for (const ProcessSurvey& process : survey.processes) own.insert({process.pid, process.stat.pid});
  return own;
}

// Or is gone.  A job that runs makes processes, which are met again when it is frozen.
bool DescendsFrom(pid_t pid, const std::set<pid_t>& own) {
  constexpr int kMostGenerations = 1000;
  for (int i = 0; i < kMostGenerations && pid > 0 && !own.contains(pid); ++i) {
    const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/stat"));
    if (!text.has_value()) return true;
    const Result<ProcStat> stat = ParseProcStat(text.value());
    pid = stat.has_value() ? stat.value().ppid : 0;
  }
  return own.contains(pid);
}

std::vector<pid_t> ListOthers(const std::set<pid_t>& own) {
  std::vector<pid_t> others;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir("/proc"), closedir);
  while (const dirent* entry = dir == nullptr ? nullptr : readdir(dir.get())) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid > 0 && !own.contains(pid)) others.push_back(pid);
  }
  return others;
}

Status CheckOutsiders(std::span<const pid_t> pids, const ScopedBlankProcess& blank,
                      const std::set<pid_t>& own, std::span<const pid_t> others) {
  const auto check = [&](int type, const char* what, bool may_be_absent) -> Status {
    std::vector<pid_t> with(pids.begin(), pids.end());
    if (may_be_absent) std::erase_if(with, [&](pid_t pid) { return blank.Lacks(pid, type); });
    const TasksByObject tasks(std::move(with), type);
    for (const pid_t other : others) {
      if (const std::optional<pid_t> pid = tasks.Find(other);
          pid.has_value() && !DescendsFrom(other, own))
        return Refuse(*pid, other, what,
                      StrCat(" (clone(2)), and process ", other,
                             " is not saved along; snapshot with --tree a process that both "
                             "descend from, or end it"));
    }
    return Ok();
  };
  for (const SharedState& state : kSharedStates)
    RETURN_IF_ERROR(check(state.kcmp_type, state.what, state.may_be_absent));
  return Ok();
}

}  // namespace

std::vector<pid_t> FindSharers(std::span<const TreeMember> members, int type) {
  std::vector<pid_t> pids;
  std::vector<size_t> of;
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].has_ended) continue;
    const Result<pid_t> living = LivingThread(members[i].pid);
    pids.push_back(living.has_value() ? living.value() : members[i].pid);
    of.push_back(i);
  }
  const std::vector<size_t> first = FirstWithSame(pids, type);
  std::vector<pid_t> shared(members.size());
  for (size_t i = 0; i < pids.size(); ++i) shared[of[i]] = first[i] == i ? 0 : pids[first[i]];
  return shared;
}

void FindSharing(Survey& survey, const ScopedBlankProcess& blank) {
  std::vector<ProcessSurvey*> living;
  std::vector<pid_t> pids;
  for (ProcessSurvey& process : survey.processes) {
    if (process.has_ended) continue;
    living.push_back(&process);
    pids.push_back(process.pid);
  }
  for (const SharedState& state : kSharedStates) {
    const std::vector<size_t> first = FirstWithSame(pids, state.kcmp_type);
    for (size_t i = 0; i < pids.size(); ++i) {
      const bool shared =
          first[i] != i && !(state.may_be_absent && blank.Lacks(pids[i], state.kcmp_type));
      living[i]->shared.*state.with = shared ? living[first[i]]->inner_pid : 0;
    }
  }
}

Status CheckSharing(const Survey& survey, const ScopedBlankProcess& blank, bool frozen) {
  const std::vector<pid_t> pids = PidsOf(Living(survey));
  if (!frozen) RETURN_IF_ERROR(CheckVfork(survey));
  RETURN_IF_ERROR(CheckThreads(survey, blank));
  RETURN_IF_ERROR(CheckRoots(survey));
  RETURN_IF_ERROR(CheckBirths(survey));
  const std::set<pid_t> own = OwnPids(survey);
  if (!frozen) return CheckOutsiders(pids, blank, own, ListOthers(own));
  const pid_t parent[] = {survey.processes[0].stat.ppid};  // 0: outside this PID namespace.
  return parent[0] == 0 ? Ok() : CheckOutsiders(std::span(pids).first(1), blank, own, parent);
}

}  // namespace tardigrade
