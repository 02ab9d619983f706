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
using tardigrade::protocol::RawSyscall;
using tardigrade::protocol::RestorerHeader;
using tardigrade::protocol::RestorerProgram;
using tardigrade::protocol::RestorerSlot;
using tardigrade::protocol::RestorerState;
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

constexpr uint32_t kNrFutex = 202, kNrExitGroup = 231;
constexpr uint64_t kFutexWait = 0, kFutexWake = 1;  // Shared: the supervisor waits on the same memory.

void Report(RestorerHeader* header, RestorerSlot* slot, RestorerState state) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(&slot->state), static_cast<uint32_t>(state), __ATOMIC_RELEASE);
  __atomic_fetch_add(&header->parked, 1, __ATOMIC_RELEASE);
  (void)RawSyscall(kNrFutex, {reinterpret_cast<uint64_t>(&header->parked), kFutexWake, 1, 0, 0, 0});
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

struct ThreadArgument {
  RestorerHeader* header;
  RestorerSlot* slot;
};

void ThreadMain(void* opaque) {
  // The argument lies on the new thread's own stack: the leader goes on to the next.
  const ThreadArgument argument = *static_cast<ThreadArgument*>(opaque);
  Run(argument.header, argument.slot, RestorerProgram::kThread);
  Park(argument.header, argument.slot);
}

void Spawn(RestorerHeader* header, RestorerSlot* slot) {
  // CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM
  constexpr uint64_t kThreadFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;
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
  Run(header, leader, RestorerProgram::kMemory);
  Run(header, leader, RestorerProgram::kProcess);
  for (uint32_t i = 1; i < header->thread_count; ++i) Spawn(header, leader + i);
  Run(header, leader, RestorerProgram::kLimits);
  Run(header, leader, RestorerProgram::kThread);
  Park(header, leader);
}
