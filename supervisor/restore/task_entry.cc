#include "supervisor/restore/task_entry.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "protocols/freestanding/raw_syscall.h"
#include "supervisor/restore/file_factory.h"
#include "supervisor/restore/segment_waits.h"
#include "supervisor/restore/session_terminal.h"
#include "supervisor/restore/task_descriptors.h"
#include "supervisor/restore/turn.h"

namespace tardigrade {
namespace {

Status RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::Errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::Errno("raising the limit of open files");
  return Ok();
}

// The C library registered an area that is about to be unmapped; the kernel writes to it whenever
// the thread is scheduled (kernel/rseq.c, rseq_handle_notify_resume()).
Status UnregisterRseq() {
  if (__rseq_size == 0) return Ok();
  auto* area = reinterpret_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
  // The size given at registration is not published: the original 32 bytes, or the kernel's own.
  for (const unsigned size : {32u, static_cast<unsigned>(__rseq_size)}) {
    if (syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0) return Ok();
  }
  return Error::Errno("unregistering the restartable sequence");
}

Status Unshare(uint64_t flags) {
  if (flags != 0 && unshare(static_cast<int>(flags)) != 0) return Error::Errno("giving up what was passed on to children");
  return Ok();
}

// One task of the tree, from its birth until it enters its segment, or ends as a zombie.  It has the turn
// wherever it does not wait.
class Task {
 public:
  // `has_rseq`: the C library's restartable sequence is registered; it is not with CLONE_VM.
  Task(const TaskInputs& in, FileFactory& factory, Turn& turn, size_t index, bool has_rseq)
      : in_(in), factory_(factory), turn_(turn), index_(index), has_rseq_(has_rseq), births_(in.plan->births.tasks[index]), descriptors_(in, factory, turn, index) {}

  [[noreturn]] void Run() {
    if (Status prepared = Prepare(); !prepared.has_value()) {
      in_.channel->SayError(in_.image->processes.size() == 1
                                ? prepared.error()
                                : std::move(prepared).error().While(StrCat("making process ", document().pid)));
      Leave(127);
    }
    if (process().has_ended()) End();
    if (descriptors_.owns()) {
      descriptors_.CloseTheRest();
    } else if (process().has_memory()) {
      descriptors_.AwaitOwner();
    }
    // Who makes the memory takes away what was there before.
    for (size_t i = index_ + 1; process().has_memory() && i < count(); ++i) {
      if (in_.image->memory_of[i] == index_) AwaitEntered(*in_.segments[i], turn_);
    }
    Segment& segment = *in_.segments[index_];
    turn_.Leave();
    segment.Enter();
  }

 private:
  const LoadedProcess& process() const { return in_.image->processes[index_]; }
  const ProcessDocument& document() const { return process().document; }
  const ProcessPlan& plan() const { return in_.plan->processes[index_]; }
  uint32_t count() const { return static_cast<uint32_t>(in_.image->processes.size()); }

  Status Prepare() {
    RETURN_IF_ERROR(TakePlace());
    if (process().has_ended()) return Ok();
    RETURN_IF_ERROR(descriptors_.PlaceHelpers());
    RETURN_IF_ERROR(DoForProcess());
    RETURN_IF_ERROR(WatchChildrenEnd());
    if (has_rseq_) RETURN_IF_ERROR(UnregisterRseq());
    const auto sharers = static_cast<uint32_t>(descriptors_.sharers());
    if (!descriptors_.owns()) {
      in_.board->Arrive(TreeBoard::kPlaced, sharers);
      return Ok();
    }
    RETURN_IF_ERROR(AwaitStage(TreeBoard::kPlaced, sharers));
    return descriptors_.NumberJobs();
  }

  // Births, session and group.
  Status TakePlace() {
    const auto open_backing = [this](size_t mapping) { return factory_.OpenBacking(document().mappings[mapping].backing); };
    if (process().has_memory()) RETURN_IF_ERROR(in_.plan->inherited.cow().Fill(index_, process(), open_backing));
    if (births_.adopts && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Error::Errno("becoming a subreaper");
    RETURN_IF_ERROR(MakeChildren(births_.children_before));
    RETURN_IF_ERROR(MakeAdoptees(births_.adoptees_before));
    if (births_.leads_session && setsid() < 0) return Error::Errno("making the session");
    RETURN_IF_ERROR(TakeTerminal());
    RETURN_IF_ERROR(MakeChildren(births_.children));
    RETURN_IF_ERROR(MakeAdoptees(births_.adoptees));
    for (const BirthPlan::SessionStandIn& stand_in : births_.stand_ins) RETURN_IF_ERROR(MakeByStandIn(stand_in));
    RETURN_IF_ERROR(Unshare(births_.unshares));
    RETURN_IF_ERROR(Meet(TreeBoard::kBorn, 0));
    RETURN_IF_ERROR(AwaitStage(TreeBoard::kGo, 1));
    if (index_ == 0) RETURN_IF_ERROR(factory_.CreateLateFiles());
    for (const pid_t stand_in : session_stand_ins_) RETURN_IF_ERROR(Reap(stand_in));
    if (births_.group == document().pid && setpgid(0, 0) != 0) return Error::Errno("making the process group");
    RETURN_IF_ERROR(StandInForGroup());
    RETURN_IF_ERROR(Meet(TreeBoard::kLeading, count()));
    // All have theirs before any puts a descriptor at a number of its choice: tables may be shared.
    if (index_ != 0 && !process().has_ended() && descriptors_.owns()) RETURN_IF_ERROR(factory_.TakeLateFiles());
    if (births_.group != 0 && getpgrp() != births_.group && setpgid(0, births_.group) != 0)
      return Error::Errno("joining the process group ", births_.group);
    RETURN_IF_ERROR(Meet(TreeBoard::kJoined, count()));
    RETURN_IF_ERROR(SetForeground());
    if (births_.group_stand_in != 0) RETURN_IF_ERROR(Reap(births_.group_stand_in));
    RETURN_IF_ERROR(DoForJob(JobStep::kFirst, TreeBoard::kStepped));
    return DoForJob(JobStep::kSecond, TreeBoard::kSettled);
  }

  Status DoForJob(JobStep step, TreeBoard::Stage stage) {
    const std::vector<KindState>& states = in_.image->files.job;
    if (states.empty()) return Ok();
    const JobTask task{.inner_pid = document().pid, .is_root = index_ == 0};
    for (const KindState& state : states) {
      if (process().has_ended()) continue;
      ASSIGN_OR_RETURN(const size_t kind, FindJobKind(*in_.kinds, state.kind));
      RETURN_IF_ERROR(in_.kinds->jobs[kind]->DoInTask(state.state, task, step, factory_), state.kind);
    }
    return Meet(stage, count());
  }

  Status DoForProcess() {
    for (const KindState& state : document().states) {
      for (const auto& kind : in_.kinds->processes) {
        if (kind->name() == state.kind) RETURN_IF_ERROR(kind->DoInTask(state.state, factory_), state.kind);
      }
    }
    return Ok();
  }

  Status MakeChildren(const std::vector<size_t>& children) {
    for (const size_t child : children) RETURN_IF_ERROR(MakeChild(child));
    return Ok();
  }

  Status MakeChild(size_t child) {
    const ProcessDocument& document = in_.image->processes[child].document;
    const BirthPlan::Task& births = in_.plan->births.tasks[child];
    RETURN_IF_ERROR(Unshare(births.maker_unshares));
    const bool shares_memory = (births.born_sharing & CLONE_VM) != 0;
    const bool has_rseq = has_rseq_ && !shares_memory;
    FileFactory* const factory = shares_memory ? factory_.ForNewTask() : &factory_;
    const pid_t pid = GiveBirth(turn_, document.pid, document.exit_signal, births.born_sharing,
                                [&in = in_, factory, &turn = turn_, child, has_rseq] { Task(in, *factory, turn, child, has_rseq).Run(); });
    if (pid < 0) return Error::Errno("making process ", document.pid);
    return Ok();
  }

  Status MakeAdoptees(const std::vector<BirthPlan::Adoptee>& adoptees) {
    for (const BirthPlan::Adoptee& adoptee : adoptees) {
      const BirthPlan::Task& births = in_.plan->births.tasks[adoptee.child];
      RETURN_IF_ERROR(Unshare(births.maker_unshares));
      const pid_t between = GiveBirth(turn_, adoptee.between, SIGCHLD, births.born_sharing, [this, child = adoptee.child] {
        const Status made = MakeChild(child);
        if (!made.has_value()) in_.channel->SayError(made.error());
        Leave(made.has_value() ? 0 : 127);
      });
      if (between < 0) return Error::Errno("making process ", adoptee.between, ", which is to make another and to end");
      RETURN_IF_ERROR(Reap(between));
    }
    return Ok();
  }

  // Whoever is left by a stand-in that ends goes to the next subreaper: this task, until its own
  // setting is restored.
  Status MakeByStandIn(const BirthPlan::SessionStandIn& stand_in) {
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Error::Errno("becoming a subreaper");
    RETURN_IF_ERROR(Unshare(stand_in.maker_unshares));
    const pid_t pid = GiveBirth(turn_, stand_in.pid, SIGCHLD, stand_in.born_sharing, [this, &stand_in] {
      Status made = Ok();
      if (setsid() < 0) made = Error::Errno("making the session ", stand_in.pid);
      if (made.has_value()) made = MakeChildren(stand_in.children);
      if (made.has_value()) made = AwaitStage(TreeBoard::kGo, 1);
      if (!made.has_value()) in_.channel->SayError(made.error());
      Leave(made.has_value() ? 0 : 127);
    });
    if (pid < 0) return Error::Errno("making a stand-in for process ", stand_in.pid);
    session_stand_ins_.push_back(pid);
    return Ok();
  }

  // The end of a task that may share its maker's memory.
  [[noreturn]] void Leave(int status) {
    turn_.Leave();
    for (;;) (void)protocol::RawSyscall(SYS_exit_group, {static_cast<uint64_t>(status), 0, 0, 0, 0, 0});
  }

  Status TakeTerminal() {
    if (!births_.leads_session || !document().controlling_terminal.has_value()) return Ok();
    return terminal_.Take(*document().controlling_terminal, factory_,
                          [this](const std::string& warning) { in_.channel->SayWarning(warning); });
  }

  // When all are in their groups.
  Status SetForeground() {
    if (document().gave_up_terminal) RETURN_IF_ERROR(SessionTerminal::GiveUp());
    const pid_t group = births_.foreground;
    if (!terminal_.taken() || group == 0) return Ok();
    if (!births_.foreground_ended) return terminal_.SetForeground(group);
    const pid_t pid = GiveBirth(turn_, group, SIGCHLD, 0, [this, group] {
      const bool set = setpgid(0, 0) == 0 && terminal_.SetForeground(group).has_value();
      _exit(set ? 0 : 127);
    });
    if (pid < 0) return Error::Errno("making a stand-in for process group ", group);
    return Reap(pid);
  }

  Status StandInForGroup() {
    const pid_t group = births_.group_stand_in;
    if (group == 0) return Ok();
    const pid_t pid = GiveBirth(turn_, group, SIGCHLD, 0, [this] { _exit(AwaitStage(TreeBoard::kJoined, count()).has_value() ? 0 : 127); });
    if (pid < 0) return Error::Errno("making a stand-in for the leader of process group ", group);
    if (setpgid(pid, pid) != 0) return Error::Errno("making the process group ", group);
    return Ok();
  }

  Status Reap(pid_t child) {
    int status = 0;
    for (;;) {
      const int64_t ended = turn_.Wait(SYS_wait4, {static_cast<uint64_t>(child), reinterpret_cast<uint64_t>(&status), __WALL, 0, 0, 0});
      if (ended >= 0) break;
      if (ended != -EINTR) return Error::Syscall(ErrorCode::kSystem, static_cast<int>(-ended), "waiting for a stand-in");
    }
    if (status != 0) return Error(ErrorCode::kInternal, StrCat("the stand-in for process ", child, " failed"));
    return DropSignalOfChild();
  }

  // Until all of `ended_children` are zombies, which nobody is told.
  Status WatchChildrenEnd() {
    for (const size_t child : births_.ended_children) {
      siginfo_t info = {};
      const id_t pid = static_cast<id_t>(in_.image->processes[child].document.pid);
      for (;;) {
        const int64_t ended = turn_.Wait(SYS_waitid, {P_PID, pid, reinterpret_cast<uint64_t>(&info), WEXITED | WNOWAIT | __WALL, 0, 0});
        if (ended >= 0) break;
        if (ended != -EINTR)
          return Error::Syscall(ErrorCode::kSystem, static_cast<int>(-ended), StrCat("waiting for process ", pid, " to end"));
      }
      RETURN_IF_ERROR(DropSignalOfChild());
    }
    return Ok();
  }

  // All signals are blocked here.
  Status DropSignalOfChild() const {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (const size_t ended : births_.ended_children)
      sigaddset(&child, in_.image->processes[ended].document.exit_signal);
    const timespec now = {};
    while (sigtimedwait(&child, nullptr, &now) > 0) {
    }
    return Ok();
  }

  Status AwaitStage(TreeBoard::Stage stage, uint32_t arrivals) {
    constexpr int kTickMs = 500;
    if (in_.board->Await(stage, arrivals, kTickMs, turn_, [this] { return in_.channel->IsRestorerThere(); })) return Ok();
    return Error(ErrorCode::kTraceeGone, "the restorer has ended");
  }

  Status Meet(TreeBoard::Stage stage, uint32_t arrivals) {
    in_.board->Arrive(stage, count());
    return AwaitStage(stage, arrivals);
  }

  // As it ended the first time, but for a core dump.
  [[noreturn]] void End() {
    (void)prctl(PR_SET_NAME, in_.image->reader->manifest().processes[index_].comm.c_str());
    const int status = *document().exit_status;
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    const rlimit none = {};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(WTERMSIG(status), SIG_DFL);
    sigset_t open;
    sigemptyset(&open);
    (void)kill(getpid(), WTERMSIG(status));
    (void)sigprocmask(SIG_SETMASK, &open, nullptr);
    _exit(128 + WTERMSIG(status));
  }

  const TaskInputs& in_;
  FileFactory& factory_;
  Turn& turn_;
  const size_t index_;
  const bool has_rseq_;
  const BirthPlan::Task& births_;
  TaskDescriptors descriptors_;
  std::vector<pid_t> session_stand_ins_;
  SessionTerminal terminal_;
};

// Notes what one kind makes.
class KindLog final : public MadeObjects {
 public:
  KindLog(MadeLog& log, size_t kind) : log_(log), kind_(kind) {}
  void Note(int32_t id) override { log_.Note(kind_, id); }

 private:
  MadeLog& log_;
  size_t kind_;
};

Status MakeForJob(const TaskInputs& in, FileFactory& factory) {
  for (const KindState& state : in.image->files.job) {
    ASSIGN_OR_RETURN(const size_t kind, FindJobKind(*in.kinds, state.kind));
    KindLog made(*in.made, kind);
    RETURN_IF_ERROR(in.kinds->jobs[kind]->Make(state.state, factory, made), "making ", state.kind);
  }
  return Ok();
}

Status PrepareRoot(const TaskInputs& in, FileFactory& factory) {
  RETURN_IF_ERROR(RaiseFileLimit());
  if (in.own_mounts) RETURN_IF_ERROR(factory.PrepareNamespace());
  RETURN_IF_ERROR(MakeForJob(in, factory));
  RETURN_IF_ERROR(factory.CreateFiles());
  for (const std::string& warning : factory.TakeWarnings()) in.channel->SayWarning(warning);
  RETURN_IF_ERROR(in.channel->SayHeldBack(factory.held_back()));
  return in.plan->inherited.Make(*in.kinds);
}

}  // namespace

void RunRootTask(const TaskInputs& in) {
  if (!in.channel->AwaitStart()) _exit(127);
  // Never destroyed: what it holds is closed with the rest.
  auto* factory = new FileFactory(*in.kinds, in.image->files, in.image->reader->attachments(), *in.moved_files,
                                  in.plan->processes[0].fds.first_free);
  factory->SetChangedFiles(in.changed_files, *in.placed);
  if (Status prepared = PrepareRoot(in, *factory); !prepared.has_value()) {
    in.channel->SayError(prepared.error());
    _exit(127);
  }
  Task(in, *factory, *new Turn, 0, /*has_rseq=*/true).Run();
}

}  // namespace tardigrade
