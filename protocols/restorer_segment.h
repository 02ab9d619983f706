#ifndef PROTOCOLS_RESTORER_SEGMENT_H_
#define PROTOCOLS_RESTORER_SEGMENT_H_

// The memory that the restorer blob lives in, shared between the process that restores and the
// task that becomes the job.  Both map it at the same address, a hole of the old and the new
// address space; the job's last step on the way to running is to unmap it.
//
//   [blob][header][slots ...][programs ...][stacks ...][stacks of fill helpers][parking for the vDSO]
//
// Fixed-width integers only; addresses are absolute, in the shared mapping.

#include <stdint.h>

namespace tardigrade::protocol {

inline constexpr uint32_t kRestorerMagic = 0x53525454;  // "TTRS"
inline constexpr uint32_t kRestorerVersion = 4;

enum class RestorerState : uint32_t {
  kWaiting = 0,  // Not there yet.
  kParked = 1,   // Has run its programs; waits to be given its registers.
  kAwaitingSeccomp = 3,  // As kParked, but for kSeccomp: waits until `install_seccomp` is set.
  kEntered = 4,  // Leader, where the memory is another's: waits until that has made it.
  kFailed = 2,   // `failed_program` and that program's `done` say where.
};

enum class RestorerProgram : uint32_t {
  kMemory = 0,   // Leader: the address space.
  kProcess = 1,  // Leader: before there are threads.
  kLimits = 2,   // Leader: when all threads exist.
  kThread = 3,   // Every thread.
  kSeccomp = 4,  // Every thread that has one, when it is told to: seccomp filters, last of all.
  kSpawn = 5,    // Not a program: making the thread itself failed.
};

// One thread.
struct RestorerSlot {
  uint64_t program[5];     // Address of each RestorerProgram's SyscallProgram; 0 if there is none.
  uint64_t stack_top;      // Threads but the leader: 16-byte aligned end of its stack.
  int32_t tid;             // As the job knows it.
  RestorerState state;     // Out.
  uint32_t failed_program;  // Out: a RestorerProgram.
  int32_t failure;         // Out: -errno.
  // A system call with a deadline the thread was in when it was saved: made once more, from here, so
  // that the kernel holds its restart block again when the thread is interrupted for the last time.
  uint64_t replay;         // Address of a SyscallProgram of one op; 0 if there is none.
  uint64_t replay_done;    // Out: 1 when the call returned by itself.
};
static_assert(sizeof(RestorerSlot) == 80);

struct RestorerHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t thread_count;
  uint32_t parked;        // Out: futex, counts how often a thread reported a state.
  uint32_t never;         // Futex that nothing ever wakes: where parked threads wait.
  uint32_t syscall_insn;  // Out of the build: offset from the segment's start of a `syscall` instruction.
  uint64_t slots;         // Address of RestorerSlot[thread_count]; the leader's first.
  // Futex: 1 when every thread is traced with its seccomp suspended (PTRACE_O_SUSPEND_SECCOMP), so
  // that the filters do not judge what the restorer still has to do.
  uint32_t install_seccomp;
  // The ops [fill_begin, fill_end) of the leader's memory program read pages: each may run at the
  // same time as any other of them, in any order, on the leader or one of its fill helpers.
  uint32_t fill_begin;
  uint32_t fill_end;      // == fill_begin if there are none.
  uint32_t fill_next;     // The next one that is to be taken.
  uint32_t fill_failed;   // Out: 1 + the op that failed; 0 while none has.
  int32_t fill_failure;   // Out: -errno of that.
  uint32_t fill_helpers;  // Threads the leader makes for it at most; gone when the reads are done.
  int32_t fill_tids[3];   // The helpers' own, no thread's of the job; a futex, 0 once it is as good as gone.
  uint64_t fill_stacks;   // 16-byte aligned end of the first helper's; the next lies below.
  // Of a process that shares its memory (CLONE_VM) with one before it: address of `memory_made` in the
  // header of that, which lies in the same memory; else 0.
  uint64_t memory_at;
  // If not 0, where the descriptors are another's (CLONE_FILES): address of `parked` in that one's
  // header, which lies in the same memory, and the number that has to be reached there.
  uint64_t table_at;
  uint32_t table_parked;
  uint32_t memory_made;   // Futex: 1 when the memory is there, and what the leader does before there are threads.
};
static_assert(sizeof(RestorerHeader) == 104);

inline constexpr uint32_t kMaxFillHelpers = 3;
inline constexpr uint32_t kFillStackBytes = 4096;

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_RESTORER_SEGMENT_H_
