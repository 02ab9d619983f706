#ifndef PROTOCOLS_PARASITE_SEGMENT_H_
#define PROTOCOLS_PARASITE_SEGMENT_H_

// The shared memory segment of a visit: what the supervisor lays out before it sends a thread of
// the tracee into it, and what the parasite reads there.
//
//   offset 0                    the parasite; a thread enters at its first byte
//   kParasiteHeaderOffset       ParasiteHeader
//   kParasiteSlotsOffset        one slot for each thread: ParasiteSlot, stack, signal frame, program
//
// All addresses are the tracee's.  Supervisor and parasite are built together, so the layout has no
// version; fixed-width integers only, no pointers.

#include <stddef.h>
#include <stdint.h>

namespace tardigrade::protocol {

inline constexpr uint64_t kParasiteHeaderOffset = 4096;  // The parasite is smaller than this.
inline constexpr uint64_t kParasiteSlotsOffset = kParasiteHeaderOffset + 64;

inline constexpr uint64_t kParasiteMagic = 0x3154495341524150;  // "PARASIT1"

struct ParasiteHeader {
  // A robust futex (set_robust_list(2)) that the supervisor's thread owns: its tid | FUTEX_WAITERS.
  // Threads park here.  The kernel sets FUTEX_OWNER_DIED and wakes one of them when the supervisor
  // dies; that one wakes the others, and all go home.
  uint32_t park_word;
  // Id of the segment; the first thread takes it (leaving -1) and removes it: from then on the
  // segment lives as long as it is attached.
  int32_t segment_id;
  uint64_t robust_entry;  // The supervisor's, for its robust list.
  uint64_t magic;         // kParasiteMagic, for those who clear up after a supervisor.
  int32_t tracee;         // Whose visit it is, as the supervisor sees it: others may have the same memory (CLONE_VM).
  uint32_t reserved0;
  uint64_t reserved[4];
};
static_assert(sizeof(ParasiteHeader) == 64);

// ParasiteSlot::state.
inline constexpr uint32_t kSlotOutside = 0;
inline constexpr uint32_t kSlotEntered = 1;    // All signals are masked.
inline constexpr uint32_t kSlotParked = 2;     // The program has run.
inline constexpr uint32_t kSlotGoingHome = 3;  // The supervisor died.

// ParasiteSlot::interrupts: does a handler that runs first make the interrupted system call return
// EINTR instead of restarting (arch/x86/kernel/signal.c, handle_signal())?
inline constexpr uint32_t kNeverInterrupts = 0;     // No system call, or -ERESTARTNOINTR.
inline constexpr uint32_t kInterruptsUnlessRestart = 1;  // -ERESTARTSYS: not with SA_RESTART.
inline constexpr uint32_t kAlwaysInterrupts = 2;    // -ERESTARTNOHAND, -ERESTART_RESTARTBLOCK.

struct ParasiteSlot {
  uint32_t state;          // kSlot*
  uint32_t interrupts;     // k*Interrupts*
  // 1 if the thread owes the kernel a restart_syscall(2): it must go home in user mode, because
  // rt_sigreturn(2) forgets the restart block.
  uint32_t keep_restart_block;
  uint32_t reserved;
  uint64_t header;         // Address of the ParasiteHeader.
  uint64_t all_signals;    // ~0: the mask while in here.
  uint64_t stack_top;      // Of the slot's own stack, 16-byte aligned.
  uint64_t home_stack;     // Below the red zone of the thread's own stack, 16-byte aligned.
  uint64_t frame;          // Address of the ucontext that takes the thread home.
  uint64_t result_at;      // Where in the frame the interrupted call's result stands, ...
  uint64_t resume_at;      // ... and where the address to resume at.
  uint64_t after_call;     // The address to resume at if the call is to return EINTR.
  uint64_t program;        // Address of the SyscallProgram; 0 for none.
  int64_t program_result;  // Out: of RunProgram.
  uint64_t entry_slot;     // Dead memory that still says how the thread came in, to be wiped; or 0.
  uint64_t reserved2[3];
};
static_assert(sizeof(ParasiteSlot) == 128);

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_PARASITE_SEGMENT_H_
