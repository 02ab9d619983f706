// The restorer: swaps in the saved address space, makes the threads, and parks them all where
// the supervisor gives each its registers through ptrace.
//
// Entered at offset 0 by a jump from hosted code, with the leader's slot in rdi and the header in
// rsi; the stack is the segment's.  Knows no resource kind: everything is a syscall program.

#include "protocols/freestanding/raw_syscall.h"
#include "protocols/freestanding/run_program.h"
#include "protocols/freestanding/spawn_thread.h"
#include "protocols/restorer_segment.h"

using tardigrade::protocol::CloneArgs;
using tardigrade::protocol::IsProgramOfThisVersion;
using tardigrade::protocol::kFillStackBytes;
using tardigrade::protocol::kMaxFillHelpers;
using tardigrade::protocol::RawSyscall;
using tardigrade::protocol::RestorerHeader;
using tardigrade::protocol::RestorerProgram;
using tardigrade::protocol::RestorerSlot;
using tardigrade::protocol::RestorerState;
using tardigrade::protocol::RunOp;
using tardigrade::protocol::RunOps;
using tardigrade::protocol::RunProgram;
using tardigrade::protocol::SpawnThread;
using tardigrade::protocol::SyscallProgram;

extern "C" [[gnu::section(".text.entry"), gnu::naked, gnu::used]] void _start() {
  // The second instruction is the `syscall` that the supervisor borrows for the unmapping, at the
  // offset kBorrowedSyscall says (supervisor/restore/segment.cc).
  asm volatile(
      "jmp 1f\n\t"
      "syscall\n\t"
      "hlt\n\t"
      "1:\n\t"
      "mov %rdx, %rsp\n\t"
      "xor %ebp, %ebp\n\t"
      "call BlobMain\n\t"
      "hlt");
}

namespace {

constexpr uint32_t kNrSchedYield = 24, kNrGetpid = 39, kNrExit = 60, kNrFutex = 202, kNrExitGroup = 231;
constexpr uint32_t kNrTgkill = 234;
constexpr int64_t kEsrch = 3, kEinval = 22;
// CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
constexpr uint64_t kThreadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;
// CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID
constexpr uint64_t kTidFlags = 0x100000 | 0x200000;
constexpr uint64_t kFutexWait = 0, kFutexWake = 1;  // Shared: the supervisor waits on the same memory.
constexpr uint64_t kAll = 0x7fffffff;

void Report(RestorerHeader* header, RestorerSlot* slot, RestorerState state) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(&slot->state), static_cast<uint32_t>(state), __ATOMIC_RELEASE);
  __atomic_fetch_add(&header->parked, 1, __ATOMIC_RELEASE);
  (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(&header->parked), kFutexWake, kAll, 0, 0, 0});
}

[[noreturn]] void Fail(RestorerHeader* header, RestorerSlot* slot, RestorerProgram program, int64_t error) {
  slot->failed_program = static_cast<uint32_t>(program);
  slot->failure = static_cast<int32_t>(error);
  Report(header, slot, RestorerState::kFailed);
  for (;;) (void)RawSyscall(kNrExitGroup, {127, 0, 0, 0, 0, 0});
}

void Run(RestorerHeader* header, RestorerSlot* slot, RestorerProgram which) {
  const uint64_t address = slot->program[static_cast<uint32_t>(which)];
  if (address == 0) return;
  const int64_t result = RunProgram(reinterpret_cast<SyscallProgram*>(address));
  if (result < 0) Fail(header, slot, which, result);
}

SyscallProgram* MemoryProgram(RestorerSlot* leader) {
  return reinterpret_cast<SyscallProgram*>(leader->program[static_cast<uint32_t>(RestorerProgram::kMemory)]);
}

// Takes reads until there are no more, or one has failed.
void TakeReads(RestorerHeader* header, SyscallProgram* program) {
  while (__atomic_load_n(&header->fill_failed, __ATOMIC_ACQUIRE) == 0) {
    const uint32_t op = __atomic_fetch_add(&header->fill_next, 1, __ATOMIC_RELAXED);
    if (op >= header->fill_end) return;
    const int64_t result = RunOp(program, op);
    if (result == 0) {
      __atomic_fetch_add(&program->done, 1, __ATOMIC_RELAXED);
      continue;
    }
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&header->fill_failed, &none, op + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      header->fill_failure = static_cast<int32_t>(result);
    return;
  }
}

struct ThreadArgument {
  RestorerHeader* header;
  RestorerSlot* slot;
};

void HelperMain(void* opaque) {
  const auto* argument = static_cast<ThreadArgument*>(opaque);
  TakeReads(argument->header, MemoryProgram(argument->slot));
  for (;;) (void)RawSyscall(kNrExit, {0, 0, 0, 0, 0, 0});
}

// Best effort: the leader does what no helper does.  Returns the helper's tid, or 0.  The tid is
// chosen: one by chance might be another process's that is still to be made.
int32_t StartHelper(RestorerHeader* header, RestorerSlot* leader, uint32_t index) {
  const uint64_t top = header->fill_stacks - index * kFillStackBytes;
  auto* argument = reinterpret_cast<ThreadArgument*>(top - sizeof(ThreadArgument));
  *argument = {header, leader};
  CloneArgs args{};
  args.flags = kThreadFlags | kTidFlags;
  args.stack = top - kFillStackBytes;
  args.stack_size = kFillStackBytes - 64;
  args.parent_tid = reinterpret_cast<uint64_t>(&header->fill_tids[index]);
  args.child_tid = args.parent_tid;
  args.set_tid = args.parent_tid;
  args.set_tid_size = 1;
  const int64_t tid = SpawnThread(args, HelperMain, argument);
  return tid > 0 ? static_cast<int32_t>(tid) : 0;
}

// Until nothing in /proc shows the helper any more: what follows may ask for a process of one thread.
void AwaitHelper(RestorerHeader* header, uint32_t index, int32_t tid) {
  int32_t* word = &header->fill_tids[index];
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == tid)
    (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(word), kFutexWait, static_cast<uint32_t>(tid), 0, 0, 0});
  // The kernel clears the word early in the exit: kernel/fork.c, mm_release().
  const auto pid = static_cast<uint64_t>(RawSyscall(kNrGetpid, {0, 0, 0, 0, 0, 0}));
  while (RawSyscall(kNrTgkill, {pid, static_cast<uint64_t>(tid), 0, 0, 0, 0}) != -kEsrch)
    (void)RawSyscall(kNrSchedYield, {0, 0, 0, 0, 0, 0});
}

void AwaitAtLeast(uint64_t address, uint32_t wanted) {
  auto* word = reinterpret_cast<uint32_t*>(address);
  for (uint32_t seen; (seen = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < wanted;)
    (void)RawSyscall(kNrFutex, {address, kFutexWait, seen, 0, 0, 0});
}

// Should whoever makes the memory fail, the supervisor hears of it, and this task goes with it.
void AwaitMemory(RestorerHeader* header, RestorerSlot* leader) {
  Report(header, leader, RestorerState::kEntered);
  AwaitAtLeast(header->memory_at, 1);
  if (header->table_at != 0) AwaitAtLeast(header->table_at, header->table_parked);
}

void TellMemoryMade(RestorerHeader* header) {
  __atomic_store_n(&header->memory_made, 1, __ATOMIC_RELEASE);
  (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(&header->memory_made), kFutexWake, kAll, 0, 0, 0});
}

// Maps, has several threads read, and goes on.
int64_t MakeMemory(RestorerHeader* header, RestorerSlot* leader) {
  SyscallProgram* program = MemoryProgram(leader);
  if (!IsProgramOfThisVersion(program) || header->fill_begin > header->fill_end ||
      header->fill_end > program->op_count || header->fill_helpers > kMaxFillHelpers)
    return -kEinval;
  const int64_t mapped = RunOps(program, 0, header->fill_begin);
  if (mapped < 0) return mapped;
  int32_t tids[kMaxFillHelpers];
  for (uint32_t i = 0; i < header->fill_helpers; ++i) tids[i] = StartHelper(header, leader, i);
  TakeReads(header, program);
  for (uint32_t i = 0; i < header->fill_helpers; ++i) {
    if (tids[i] != 0) AwaitHelper(header, i, tids[i]);
  }
  if (header->fill_failed != 0) {
    program->done = header->fill_failed - 1;
    return header->fill_failure;
  }
  return RunOps(program, header->fill_end, program->op_count);
}

void InstallSeccomp(RestorerHeader* header, RestorerSlot* slot) {
  if (slot->program[static_cast<uint32_t>(RestorerProgram::kSeccomp)] == 0) return;
  Report(header, slot, RestorerState::kAwaitingSeccomp);
  while (__atomic_load_n(&header->install_seccomp, __ATOMIC_ACQUIRE) == 0)
    (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(&header->install_seccomp), kFutexWait, 0, 0, 0, 0});
  Run(header, slot, RestorerProgram::kSeccomp);
}

[[noreturn]] void Park(RestorerHeader* header, RestorerSlot* slot) {
  InstallSeccomp(header, slot);
  Report(header, slot, RestorerState::kParked);
  if (slot->replay != 0) {
    (void)RunProgram(reinterpret_cast<SyscallProgram*>(slot->replay));
    __atomic_store_n(&slot->replay_done, 1, __ATOMIC_RELEASE);
  }
  for (;;)
    (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(&header->never), kFutexWait, 0, 0, 0, 0});
}

void ThreadMain(void* opaque) {
  // The argument lies on the new thread's own stack: the leader goes on to the next.
  const ThreadArgument argument = *static_cast<ThreadArgument*>(opaque);
  Run(argument.header, argument.slot, RestorerProgram::kThread);
  Park(argument.header, argument.slot);
}

void Spawn(RestorerHeader* header, RestorerSlot* slot) {
  auto* argument = reinterpret_cast<ThreadArgument*>(slot->stack_top - sizeof(ThreadArgument));
  *argument = {header, slot};
  CloneArgs args{};
  args.flags = kThreadFlags;
  args.stack = slot->stack_top - 4096;
  args.stack_size = 4096 - 64;
  args.set_tid = reinterpret_cast<uint64_t>(&slot->tid);
  args.set_tid_size = 1;
  const int64_t result = SpawnThread(args, ThreadMain, argument);
  if (result < 0) Fail(header, slot, RestorerProgram::kSpawn, result);
}

}  // namespace

extern "C" [[gnu::used, noreturn]] void BlobMain(RestorerSlot* leader, RestorerHeader* header) {
  if (header->memory_at != 0) {
    AwaitMemory(header, leader);
  } else if (const int64_t made = MakeMemory(header, leader); made < 0) {
    Fail(header, leader, RestorerProgram::kMemory, made);
  }
  Run(header, leader, RestorerProgram::kProcess);
  TellMemoryMade(header);
  for (uint32_t i = 1; i < header->thread_count; ++i) Spawn(header, leader + i);
  Run(header, leader, RestorerProgram::kLimits);
  Run(header, leader, RestorerProgram::kThread);
  Park(header, leader);
}
