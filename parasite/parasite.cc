// What a thread of the tracee does during a visit.  The processor's part, with the way in and the
// ways home, is arch/*/entry.S.

#include <stddef.h>
#include <stdint.h>

#include "parasite/arch/x86_64/slot_offsets.h"
#include "protocols/freestanding/run_program.h"
#include "protocols/parasite_segment.h"

namespace tardigrade::protocol {
namespace {

static_assert(offsetof(ParasiteSlot, state) == SLOT_STATE);
static_assert(offsetof(ParasiteSlot, keep_restart_block) == SLOT_KEEP_RESTART_BLOCK);
static_assert(offsetof(ParasiteSlot, header) == SLOT_HEADER);
static_assert(offsetof(ParasiteSlot, all_signals) == SLOT_ALL_SIGNALS);
static_assert(offsetof(ParasiteSlot, stack_top) == SLOT_STACK_TOP);
static_assert(offsetof(ParasiteSlot, home_stack) == SLOT_HOME_STACK);
static_assert(offsetof(ParasiteSlot, frame) == SLOT_FRAME);
static_assert(offsetof(ParasiteHeader, park_word) == HEADER_PARK_WORD);
static_assert(kSlotParked == STATE_PARKED && kSlotGoingHome == STATE_GOING_HOME);

// Kernel ABI; <signal.h> and <sys/shm.h> are libc's.
constexpr uint32_t kRtSigaction = 13, kShmctl = 31, kRtSigpending = 127;
constexpr uint64_t kIpcRmid = 0, kSigsetBytes = 8, kSaRestart = 0x10000000;
constexpr int64_t kEintr = 4;
struct KernelSigaction {
  uint64_t handler;  // 0 SIG_DFL, 1 SIG_IGN.
  uint64_t flags;
  uint64_t restorer;
  uint64_t mask;
};

uint64_t AddressOf(const void* object) { return reinterpret_cast<uint64_t>(object); }

void RemoveSegment(ParasiteHeader* header) {
  const int32_t id = __atomic_exchange_n(&header->segment_id, -1, __ATOMIC_ACQ_REL);
  if (id >= 0) (void)RawSyscall(kShmctl, {static_cast<uint64_t>(id), kIpcRmid, 0, 0, 0, 0});
}

// Whether a signal that will be delivered on the way home has a handler that makes the interrupted
// call return EINTR.  The kernel delivers the lowest number first and passes over ignored ones.
bool HandlerInterrupts(uint32_t interrupts, uint64_t home_mask) {
  uint64_t pending = 0;
  (void)RawSyscall(kRtSigpending, {AddressOf(&pending), kSigsetBytes, 0, 0, 0, 0});
  for (uint64_t due = pending & ~home_mask; due != 0; due &= due - 1) {
    const uint64_t signal = static_cast<uint64_t>(__builtin_ctzll(due)) + 1;
    KernelSigaction action = {};
    (void)RawSyscall(kRtSigaction, {signal, 0, AddressOf(&action), kSigsetBytes, 0, 0});
    if (action.handler <= 1) continue;
    return interrupts == kAlwaysInterrupts || (action.flags & kSaRestart) == 0;
  }
  return false;
}

}  // namespace

extern "C" void ParasiteVisit(ParasiteSlot* slot) {
  __atomic_store_n(&slot->state, kSlotEntered, __ATOMIC_RELEASE);
  // Else it could look as if the thread were still to come.
  if (slot->entry_slot != 0) *reinterpret_cast<uint64_t*>(slot->entry_slot) = 0;
  RemoveSegment(reinterpret_cast<ParasiteHeader*>(slot->header));
  if (slot->program != 0)
    slot->program_result = RunProgram(reinterpret_cast<SyscallProgram*>(slot->program));
}

// The supervisor died.  Its frame restarts the system call that the thread was stopped in; decides,
// last of all, whether EINTR is due instead, as the kernel would have.
extern "C" void ParasiteSettleInterruptedCall(ParasiteSlot* slot) {
  constexpr uint64_t kUcSigmask = 296;
  if (slot->interrupts == kNeverInterrupts) return;
  const uint64_t home_mask = *reinterpret_cast<uint64_t*>(slot->frame + kUcSigmask);
  if (!HandlerInterrupts(slot->interrupts, home_mask)) return;
  *reinterpret_cast<int64_t*>(slot->result_at) = -kEintr;
  *reinterpret_cast<uint64_t*>(slot->resume_at) = slot->after_call;
}

}  // namespace tardigrade::protocol
