#include "plugins/sysv_sem/sysv_sem_kind.h"

#include <sys/sem.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "plugins/sysv_sem/sysv_sem_state.h"
#include "plugins/sysv_sem/undo_values.h"

namespace tardigrade::sysv_sem {
namespace {

constexpr const char* kWhat = "the System V semaphore set";

// The last argument of semctl(2), which no header defines.
union SemctlArgument {
  int value;
  semid_ds* set;
  unsigned short* values;
};

// A set as it is now.
struct Set {
  SysvIdentity identity;
  std::vector<unsigned short> values;
  std::vector<int64_t> pids;  // As seen here.
  int64_t used = 0;           // When anybody last did anything to it, seconds since 1970.
  int error = 0;              // errno: nothing of the above but `identity`.
  bool is_jobs = false;
};

void ReadSet(size_t semaphores, Set& set) {
  set.values.resize(semaphores);
  SemctlArgument argument = {.values = set.values.data()};
  if (semctl(set.identity.id, 0, GETALL, argument) != 0) {
    set.error = errno;
    return;
  }
  for (size_t i = 0; i < semaphores; ++i) {
    const int pid = semctl(set.identity.id, static_cast<int>(i), GETPID);
    if (pid < 0) set.error = errno;
    set.pids.push_back(pid);
  }
}

// All of the namespace, and whether they are known to be the job's.
Result<std::vector<Set>> ReadSets(const JobFacts& job, const SysvNamespace& look) {
  std::vector<Set> sets;
  if (look.rows().empty()) return sets;
  const std::set<int32_t> waited_for = IdsOfCalls(job, {SYS_semop, SYS_semtimedop});
  RETURN_IF_ERROR(look.Run([&] {
    for (const SysvIpcRow& row : look.rows()) {
      Set& set = sets.emplace_back();
      set.identity = IdentityOf(row, "semid");
      set.used = std::max(row.at("otime"), row.at("ctime"));
      ReadSet(static_cast<size_t>(row.at("nsems")), set);
    }
  }));
  for (Set& set : sets)
    set.is_jobs = look.is_jobs_own() || waited_for.contains(set.identity.id) ||
                  std::any_of(set.pids.begin(), set.pids.end(),
                              [&](int64_t pid) { return InnerPid(job, pid, set.used) != 0; });
  return sets;
}

Status CheckSet(const JobFacts& job, const Set& set) {
  const std::string what = DescribeSysv(kWhat, set.identity);
  if (set.error == EIDRM || set.error == EINVAL)
    return Error(ErrorCode::kTraceeGone, StrCat(what, " is gone"));
  errno = set.error;
  if (set.error != 0) return Error::Errno("reading ", what);
  for (const int64_t pid : set.pids) {
    if (IsOutsider(job, pid, set.used))
      return Error(ErrorCode::kUnsupported,
                   StrCat(what, " is also used by process ", pid,
                          ", which is not saved; snapshot with --tree if it is a descendant, or end it "
                          "first"));
  }
  return Ok();
}

SetState Describe(const JobFacts& job, const Set& set) {
  SetState state;
  state.identity = set.identity;
  for (size_t i = 0; i < set.values.size(); ++i)
    state.semaphores.push_back({.value = set.values[i], .last_pid = InnerPid(job, set.pids[i], set.used)});
  return state;
}

// Every undo value of every process in the job's sets.  Others' are not asked for: a process that asks
// has an entry for the set from then on, and when it ends, that changes the set's time (ipc/sem.c,
// exit_sem()); and while they are in use a question might do more than ask.
Status AddUndoValues(const JobFacts& job, const AskMember& ask, CollectContext& context,
                     std::vector<Set>& sets, std::vector<SetState>& states) {
  std::vector<UndoQuestion> questions;
  const auto may_have_used_others = [&sets](pid_t pid) {
    return std::any_of(sets.begin(), sets.end(),
                       [pid](const Set& set) { return !set.is_jobs && WasThere(pid, set.used); });
  };
  const bool others = std::any_of(sets.begin(), sets.end(), [](const Set& set) { return !set.is_jobs; });
  std::vector<size_t> set_of;
  for (size_t i = 0; i < sets.size(); ++i) {
    for (size_t n = 0; n < states[i].semaphores.size() && sets[i].error == 0 && sets[i].is_jobs; ++n) {
      questions.push_back({.set = sets[i].identity.id,
                           .semaphore = static_cast<int32_t>(n),
                           .value = states[i].semaphores[n].value});
      set_of.push_back(i);
    }
  }
  if (questions.empty() && !others) return Ok();
  ASSIGN_OR_RETURN(const std::vector<size_t> members, MembersWithUndoList(job));
  for (const size_t member : members) {
    ASSIGN_OR_RETURN(const std::vector<int32_t> found, FindUndoValues(questions, member, ask),
                     "process ", job.members[member].pid);
    const bool none = std::all_of(found.begin(), found.end(), [](int32_t value) { return value == 0; });
    // One with threads has a list in any case (ipc/sem.c, copy_semundo()).
    if (none && job.members[member].threads.size() == 1 && may_have_used_others(job.members[member].pid))
      context.Warn(StrCat("process ", job.members[member].pid,
                          " may have asked for semaphore operations to be undone at its end (SEM_UNDO), "
                          "but in no set of the job's; in sets that others used last they are lost"));
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] == 0) continue;
      states[set_of[i]].undo.push_back({.pid = job.members[member].inner_pid,
                                        .semaphore = questions[i].semaphore,
                                        .adjustment = found[i]});
    }
  }
  return Ok();
}

SysvMaking MakingOf(const SetState& state) {
  SysvMaking making;
  making.what = kWhat;
  making.next_id = "/proc/sys/kernel/sem_next_id";
  making.get = [&state](key_t key, int flags) {
    return semget(key, flags == 0 ? 0 : static_cast<int>(state.semaphores.size()), flags);
  };
  making.remove = [](int id) { semctl(id, 0, IPC_RMID); };
  making.find = [](int id) -> std::optional<ipc_perm> {
    semid_ds set = {};
    if (semctl(id, 0, IPC_STAT, SemctlArgument{.set = &set}) != 0) return std::nullopt;
    return set.sem_perm;
  };
  making.check_unused = [&state](int id) -> Status {
    semid_ds set = {};
    if (semctl(id, 0, IPC_STAT, SemctlArgument{.set = &set}) != 0)
      return Error::Errno("semctl(IPC_STAT)");
    if (set.sem_nsems != state.semaphores.size())
      return Error(ErrorCode::kUnsupported, "one of another size is there; remove it (ipcrm)");
    for (int i = 0; i < static_cast<int>(set.sem_nsems); ++i) {
      if (semctl(id, i, GETNCNT) > 0 || semctl(id, i, GETZCNT) > 0)
        return Error(ErrorCode::kUnsupported,
                     "it is there and others wait for it; end them, or restore into namespaces of "
                     "its own (--new-pid-namespace)");
    }
    return Ok();
  };
  making.set = [&state](int id) -> Status {
    semid_ds set = {};
    set.sem_perm.uid = state.identity.uid;
    set.sem_perm.gid = state.identity.gid;
    set.sem_perm.mode = static_cast<unsigned short>(state.identity.mode);
    if (semctl(id, 0, IPC_SET, SemctlArgument{.set = &set}) != 0)
      return Error::Errno("semctl(IPC_SET)");
    return Ok();
  };
  return making;
}

Status MakeSet(const SetState& state, MadeObjects& made) {
  for (const UndoState& undo : state.undo) {
    if (static_cast<size_t>(undo.semaphore) >= state.semaphores.size())
      return Error(ErrorCode::kBadImage, "an undo value is of a semaphore that is not in the set");
  }
  RETURN_IF_ERROR(MakeSysvObject(state.identity, MakingOf(state), made));
  std::vector<unsigned short> values;
  for (const SemaphoreState& semaphore : state.semaphores)
    values.push_back(static_cast<unsigned short>(semaphore.value));
  if (semctl(state.identity.id, 0, SETALL, SemctlArgument{.values = values.data()}) != 0)
    return Error::Errno("semctl(SETALL)");
  return Ok();
}

// The kernel notes who calls; values stay as they are.
Status DoOwnUndo(const SetState& set, const JobTask& task) {
  for (const UndoState& undo : set.undo) {
    if (undo.pid != task.inner_pid) continue;
    const int32_t value = set.semaphores[static_cast<size_t>(undo.semaphore)].value;
    for (std::vector<sembuf>& call :
         OperationsThatUndo(undo.semaphore, value, undo.adjustment)) {
      if (semop(set.identity.id, call.data(), call.size()) != 0)
        return Error::Errno("giving process ", task.inner_pid, " its undo value of ",
                            DescribeSysv(kWhat, set.identity));
    }
  }
  return Ok();
}

// The last to change each, when the undo values are there.
Status ChangeOwn(const SetState& set, const JobTask& task) {
  for (size_t i = 0; i < set.semaphores.size(); ++i) {
    if (set.semaphores[i].last_pid != task.inner_pid) continue;
    const bool full = set.semaphores[i].value == kMaxValue;
    const auto number = static_cast<unsigned short>(i);
    const short first = full ? -1 : 1;
    sembuf there_and_back[] = {
        {.sem_num = number, .sem_op = first, .sem_flg = IPC_NOWAIT},
        {.sem_num = number, .sem_op = static_cast<short>(-first), .sem_flg = IPC_NOWAIT}};
    if (semop(set.identity.id, there_and_back, 2) != 0)
      return Error::Errno("changing ", DescribeSysv(kWhat, set.identity), " as process ",
                          task.inner_pid);
  }
  return Ok();
}

}  // namespace

Status SysvSemKind::Check(const JobFacts& job) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "sem"));
  ASSIGN_OR_RETURN(const std::vector<Set> sets, ReadSets(job, look));
  for (const Set& set : sets) {
    Status checked = set.is_jobs ? CheckSet(job, set) : Ok();
    // A running job may have removed it meanwhile.
    const bool gone = !checked.has_value() && checked.error().code() == ErrorCode::kTraceeGone;
    if (job.frozen || !gone) RETURN_IF_ERROR(std::move(checked));
  }
  return Ok();
}

Result<std::optional<Value>> SysvSemKind::Collect(const JobFacts& job, const AskMember& ask,
                                                  CollectContext& context) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "sem"));
  ASSIGN_OR_RETURN(std::vector<Set> sets, ReadSets(job, look));
  std::vector<SetState> states;
  for (const Set& set : sets) states.push_back(set.error == 0 ? Describe(job, set) : SetState());
  RETURN_IF_ERROR(AddUndoValues(job, ask, context, sets, states));
  SysvSemState state;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (!sets[i].is_jobs) continue;
    RETURN_IF_ERROR(CheckSet(job, sets[i]));
    state.sets.push_back(std::move(states[i]));
  }
  ASSIGN_OR_RETURN(const std::vector<Set> after, ReadSets(job, look));
  for (const SetState& saved : state.sets) {
    const auto now = std::find_if(after.begin(), after.end(), [&saved](const Set& set) {
      return set.identity.id == saved.identity.id;
    });
    if (now == after.end() ||
        !std::equal(now->values.begin(), now->values.end(), saved.semaphores.begin(),
                    saved.semaphores.end(),
                    [](int value, const SemaphoreState& s) { return value == s.value; }))
      return Error(ErrorCode::kUnsupported,
                   StrCat(DescribeSysv(kWhat, saved.identity),
                          " is being changed by processes that are not saved; end them first"));
  }
  if (state.sets.empty()) return std::optional<Value>();
  return std::optional(Encode(state));
}

Status SysvSemKind::Make(const Value& value, CreateContext&, MadeObjects& made) const {
  ASSIGN_OR_RETURN(const auto state, Decode<SysvSemState>(value, "sysv_sem"));
  for (const SetState& set : state.sets)
    RETURN_IF_ERROR(MakeSet(set, made), DescribeSysv(kWhat, set.identity));
  return Ok();
}

Status SysvSemKind::DoInTask(const Value& value, const JobTask& task, JobStep step,
                             CreateContext&) const {
  ASSIGN_OR_RETURN(const auto state, Decode<SysvSemState>(value, "sysv_sem"));
  for (const SetState& set : state.sets)
    RETURN_IF_ERROR(step == JobStep::kFirst ? DoOwnUndo(set, task) : ChangeOwn(set, task));
  return Ok();
}

void SysvSemKind::Remove(int32_t id) const { semctl(id, 0, IPC_RMID); }

}  // namespace tardigrade::sysv_sem
