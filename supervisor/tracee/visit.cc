#include "supervisor/tracee/visit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "supervisor/base/fibers.h"
#include "supervisor/kernel/read_maps.h"
#include "supervisor/tracee/arch/x86_64/injected_call.h"
#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/remote_call.h"
#include "supervisor/tracee/remote_memory.h"

namespace tardigrade {
namespace {

constexpr uint64_t kAllSignals = ~uint64_t{0};
// To bring the threads back, whatever became of the visit.
constexpr auto kReturnGrace = std::chrono::seconds(10);

uint32_t StateOf(const protocol::ParasiteSlot* slot) {
  return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

Result<std::vector<TraceeStatus>> StatusesOf(pid_t pid, std::span<const FrozenThread> threads, const FrozenFacts& known) {
  if (known.statuses.size() != threads.size()) return ReadStatuses(pid, threads);
  std::vector<TraceeStatus> statuses;
  for (const std::string_view text : known.statuses) {
    ASSIGN_OR_RETURN(TraceeStatus status, ParseStatus(text));
    statuses.push_back(std::move(status));
  }
  return statuses;
}

// Whether a process whose threads were stopped has been killed.  One that is on its way out has
// lost its memory, but is not a zombie yet: with SIGKILL pending, and for a moment with no sign of
// it but that it runs (kernel/signal.c, get_signal()).
bool IsDead(pid_t pid) {
  constexpr int kMoments = 200;
  for (int i = 0; i < kMoments; ++i) {
    const Result<TraceeStatus> status = ReadStatus(pid, pid);
    if (!status.has_value() || status.value().state == 'Z' || status.value().state == 'X')
      return true;
    if ((status.value().pending & uint64_t{1} << (SIGKILL - 1)) != 0) return true;
    if (status.value().state == 't') return false;
    usleep(5000);
  }
  return false;
}

}  // namespace

Status Visit::Run(std::span<std::vector<uint64_t>> programs, const FrozenFacts& known) {
  if (programs.size() != threads_.size())
    return Error(ErrorCode::kInternal, "a visit needs one program for each thread");
  const auto visit = [&]() -> Status {
    RETURN_IF_ERROR(Prepare(programs, known));
    RETURN_IF_ERROR(CheckExecutableMemory());
    RETURN_IF_ERROR(MakeSegment());
    RETURN_IF_ERROR(SendGuide());
    RETURN_IF_ERROR(SendOthers());
    RETURN_IF_ERROR(WaitUntilParked());
    return TakeResults(programs);
  };
  const Status visited = visit();
  const Status returned = Return();
  // A tracee that was killed shows in many ways.
  if ((!visited.has_value() || !returned.has_value()) && IsDead(pid_))
    return Error(ErrorCode::kTraceeGone, StrCat("process ", pid_, " died during a visit"));
  RETURN_IF_ERROR(visited, "visiting process ", pid_);
  RETURN_IF_ERROR(returned, "leaving process ", pid_, " after a visit");
  return Ok();
}

Status Visit::Prepare(std::span<const std::vector<uint64_t>> programs, const FrozenFacts& known) {
  std::vector<MemoryMapping> read;
  if (known.mappings == nullptr) {
    ASSIGN_OR_RETURN(read, ReadMaps(pid_));
  }
  const std::vector<MemoryMapping>& maps = known.mappings == nullptr ? read : *known.mappings;
  ASSIGN_OR_RETURN(statuses_, StatusesOf(pid_, threads_, known));
  ASSIGN_OR_RETURN(plan_, PlanVisit(pid_, threads_, statuses_, maps, gadgets_before_, CallsOfVisit(programs),
                                    options_.allow_fragile, neighbours_));
  image_.emplace(threads_, plan_.ways_home, programs);
  RETURN_IF_ERROR(CheckAddressSpaceLimit(pid_, image_->size_bytes()));
  ASSIGN_OR_RETURN(plan_.base, FindHole(maps, image_->size_bytes()));
  for (const FrozenThread& thread : threads_) {
    if (!plan_.suspend_seccomp) break;
    RETURN_IF_ERROR(ptrace::SuspendSeccomp(thread.tid, true), "suspending seccomp (needs root)");
  }
  away_.assign(threads_.size(), false);
  return Ok();
}

// Asked first: where the attach is refused while the supervisor dies, the guide has nowhere to
// return to.
Status Visit::CheckExecutableMemory() {
  constexpr int kGetMdwe = 66, kRefuseExecGain = 1;  // PR_GET_MDWE, since 6.3.
  if (prctl(kGetMdwe, 0, 0, 0, 0) < 0) return Ok();
  away_[plan_.guide] = true;
  ASSIGN_OR_RETURN(const int64_t flags, RemoteCall(pid_, threads_[plan_.guide], plan_, SYS_prctl,
                                                   {kGetMdwe, 0, 0}, options_.deadline));
  away_[plan_.guide] = false;
  if (flags < 0 || (flags & kRefuseExecGain) == 0) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("process ", pid_,
                      " has forbidden itself memory that is writable and executable "
                      "(PR_SET_MDWE), which a visit needs; start it without"));
}

// A supervisor that is killed between this and the attach leaves the segment behind, until the next
// one sweeps it away.  Filled in place: that of a thousand threads is too large to have it twice.
Status Visit::MakeSegment() {
  const TraceeStatus& guide = statuses_[plan_.guide];
  const uid_t user = guide.uids.size() == 4 ? guide.uids[1] : geteuid();
  ASSIGN_OR_RETURN(SharedSegment segment, SharedSegment::Create(image_->size_bytes(), pid_, user));
  segment_.emplace(std::move(segment));
  RETURN_IF_ERROR(image_->Fill(plan_.base, segment_->memory()));
  protocol::ParasiteHeader* const header = SegmentImage::Header(segment_->memory());
  header->segment_id = segment_->id();
  header->tracee = pid_;
  image_->Slot(segment_->memory(), plan_.guide)->entry_slot = plan_.entry_slot;
  ASSIGN_OR_RETURN(ScopedRobustOwner owner, ScopedRobustOwner::Own(header));
  owner_.emplace(std::move(owner));
  return Ok();
}

// After the registers: these lead home with the old mask in the frame.  Were the mask set first, a
// supervisor that dies in between would leave the thread deaf.
Status Visit::Mask(size_t thread) {
  return ptrace::SetSignalMask(threads_[thread].tid, kAllSignals);
}

Status Visit::SendGuide() {
  const FrozenThread& guide = threads_[plan_.guide];
  const uint64_t call = plan_.fragile ? plan_.gadgets.syscall : plan_.gadgets.syscall_return;
  RETURN_IF_ERROR(
      WriteTraceeMemory(pid_, plan_.entry_slot, std::as_bytes(std::span(&plan_.base, 1))));
  arch::Registers attach =
      arch::CallAt(guide.registers, call, plan_.entry_slot, SYS_shmat,
                   static_cast<uint64_t>(segment_->id()), plan_.base, SHM_EXEC);
  const uint64_t slot = plan_.base + image_->SlotOffset(plan_.guide);
  arch::SetSlot(attach, slot);
  away_[plan_.guide] = true;
  RETURN_IF_ERROR(ptrace::SetRegisters(guide.tid, attach));
  RETURN_IF_ERROR(Mask(plan_.guide));
  ASSIGN_OR_RETURN(const int64_t at, StepOverCall(guide.tid, options_.deadline));
  if (at < 0 && at > -4096)
    return Error::Syscall(ErrorCode::kRemote, static_cast<int>(-at),
                          "shmat of an executable segment (security modules may forbid it)");
  attached_ = true;
  if (plan_.fragile) {
    const arch::Registers enter =
        arch::EnterAt(guide.registers, plan_.base, arch::BelowRedZone(guide.registers), slot);
    RETURN_IF_ERROR(ptrace::SetRegisters(guide.tid, enter));
  }
  return ptrace::Continue(guide.tid);
}

Status Visit::SendOthers() {
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (i == plan_.guide) continue;
    const FrozenThread& thread = threads_[i];
    away_[i] = true;
    RETURN_IF_ERROR(ptrace::SetRegisters(
        thread.tid,
        arch::EnterAt(thread.registers, plan_.base, arch::BelowRedZone(thread.registers),
                      plan_.base + image_->SlotOffset(i))));
    RETURN_IF_ERROR(Mask(i));
    RETURN_IF_ERROR(ptrace::Continue(thread.tid));
  }
  return Ok();
}

Status Visit::KeepRunning(size_t thread) {
  using Kind = ptrace::WaitStatus::Kind;
  const pid_t tid = threads_[thread].tid;
  ASSIGN_OR_RETURN(const std::optional<ptrace::WaitStatus> stop, ptrace::PollStop(tid));
  if (!stop) return Ok();
  if (stop->gone())
    return Error(ErrorCode::kTraceeGone, StrCat("thread ", tid, " ", stop->ToString()));
  if (stop->kind != Kind::kSignalStop) return ptrace::Continue(tid);
  // All signals are blocked: this is a stop signal, or the parasite's own fault.
  if (stop->signal == SIGSTOP) return ptrace::Continue(tid, stop->signal);
  return Error(ErrorCode::kInternal,
               StrCat("thread ", tid, " got signal ", stop->signal, " in the parasite"));
}

Status Visit::WaitUntilParked() {
  constexpr std::chrono::nanoseconds kFirstNap(20'000), kLongestNap(500'000);
  std::vector<size_t> running(threads_.size());
  for (size_t i = 0; i < running.size(); ++i) running[i] = i;
  for (auto nap = kFirstNap;; nap = std::min(nap * 2, kLongestNap)) {
    std::erase_if(running, [this](size_t i) {
      return StateOf(image_->Slot(segment_->memory(), i)) == protocol::kSlotParked;
    });
    if (running.empty()) return Ok();
    for (const size_t i : running) RETURN_IF_ERROR(KeepRunning(i));
    if (std::chrono::steady_clock::now() >= options_.deadline)
      return Error::Syscall(
          ErrorCode::kSystem, ETIMEDOUT,
          StrCat("waiting for thread ", threads_[running[0]].tid, " in the parasite"));
    Nap(nap);
  }
}

Status Visit::TakeResults(std::span<std::vector<uint64_t>> programs) {
  for (size_t i = 0; i < programs.size(); ++i) {
    const std::span<const std::byte> program = image_->Program(segment_->memory(), i);
    std::memcpy(programs[i].data(), program.data(), program.size());
  }
  return Ok();
}

Status Visit::StopAll(Deadline deadline) {
  Status first = Ok();
  const auto note = [&first](const Status& status) {
    if (!status.has_value() && first.has_value()) first = status;
  };
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (away_[i]) note(ptrace::Interrupt(threads_[i].tid));
  }
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (!away_[i]) continue;
    const Result<int> stopped = ptrace::WaitEventStopUntil(threads_[i].tid, deadline);
    if (!stopped.has_value()) note(stopped.error());
  }
  return first;
}

// The mask first: a thread that is left in the parasite with its own mask is on its own stack,
// where a handler may run.  The other way round it would be home and deaf.
Status Visit::BringHome(size_t thread) {
  RETURN_IF_ERROR(PutBack(threads_[thread]));
  away_[thread] = false;
  return Ok();
}

Status Visit::Return() {
  if (away_.empty()) return Ok();
  const Deadline deadline = std::chrono::steady_clock::now() + kReturnGrace;
  Status first = StopAll(deadline);
  const auto note = [&first](const Status& status) {
    if (!status.has_value() && first.has_value()) first = status;
  };
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (away_[i] && i != plan_.guide) note(BringHome(i));
  }
  if (attached_) note(DetachSegment(deadline));
  if (away_[plan_.guide]) note(BringHome(plan_.guide));
  for (const FrozenThread& thread : threads_) {
    if (plan_.suspend_seccomp) note(ptrace::SuspendSeccomp(thread.tid, false));
  }
  away_.clear();
  return first;
}

Status Visit::DetachSegment(Deadline deadline) {
  away_[plan_.guide] = true;
  ASSIGN_OR_RETURN(const int64_t result, RemoteCall(pid_, threads_[plan_.guide], plan_, SYS_shmdt,
                                                    {plan_.base, 0, 0}, deadline));
  away_[plan_.guide] = false;
  if (result != 0)
    return Error::Syscall(ErrorCode::kRemote, static_cast<int>(-result), "shmdt of the parasite");
  attached_ = false;
  return Ok();
}

}  // namespace tardigrade
