#include "supervisor/tracee/arch/x86_64/way_home.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>

#include "protocols/parasite_segment.h"
#include "supervisor/tracee/arch/x86_64/restarted_call.h"

namespace tardigrade::arch {
namespace {

constexpr uint64_t kSyscallBytes = 2;  // 0f 05

// For where rt_sigreturn(2) takes the thread home, which forgets the restart block: the original
// call, with its whole timeout.  restart_syscall(2) would only return EINTR then.
Registers WithoutRestartBlock(Registers call_anew, std::optional<int64_t> original_call) {
  if (call_anew.rax == SYS_restart_syscall && original_call)
    call_anew.rax = static_cast<uint64_t>(*original_call);
  return call_anew;
}

}  // namespace

Registers CallAnew(const Registers& registers) {
  Registers anew = registers;
  anew.rax = registers.orig_rax;
  anew.rip = registers.rip - kSyscallBytes;
  anew.orig_rax = ~uint64_t{0};
  return anew;
}

WayHome PlanWayHome(pid_t pid, const Registers& registers, std::optional<int64_t> original_call) {
  WayHome way = {.registers = registers, .registers_call_anew = registers};
  way.registers.orig_rax = way.registers_call_anew.orig_rax = ~uint64_t{0};
  const InterruptedCall call = CallOf(registers);
  if (!call.in_call) {
    // Stopped again before the restarted call was entered: nothing else shows it.
    way.keep_restart_block =
        registers.rax == SYS_restart_syscall && IsAtSyscallInstruction(pid, registers.rip);
    if (way.keep_restart_block) {
      way.interrupts = protocol::kAlwaysInterrupts;
      way.after_call = registers.rip + kSyscallBytes;
      way.registers_call_anew = WithoutRestartBlock(way.registers, original_call);
    }
    return way;
  }
  way.after_call = registers.rip;
  switch (call.result) {
    case -kErestartsys:
      way.interrupts = protocol::kInterruptsUnlessRestart;
      break;
    case -kErestartnointr:
      way.interrupts = protocol::kNeverInterrupts;
      break;
    case -kErestartnohand:
      way.interrupts = protocol::kAlwaysInterrupts;
      break;
    case -kErestartRestartblock:
      way.interrupts = protocol::kAlwaysInterrupts;
      way.keep_restart_block = true;
      break;
    default:
      return way;
  }
  way.registers = CallAnew(registers);
  way.registers_call_anew = WithoutRestartBlock(way.registers, original_call);
  if (way.keep_restart_block) way.registers.rax = SYS_restart_syscall;
  return way;
}

// Their kernel code says -EINTR itself when a signal is pending, rather than -ERESTART*:
// fs/eventpoll.c, kernel/signal.c, ipc/sem.c, fs/aio.c, io_uring/io_uring.c.
bool IsNeverRestarted(int64_t call_number) {
  static constexpr int64_t kCalls[] = {SYS_epoll_wait,   SYS_epoll_pwait,   SYS_epoll_pwait2,
                                       SYS_semop,        SYS_semtimedop,    SYS_rt_sigtimedwait,
                                       SYS_io_getevents, SYS_io_uring_enter};
  return std::find(std::begin(kCalls), std::end(kCalls), call_number) != std::end(kCalls);
}

bool HasTimeoutToShorten(int64_t call_number) {
  static constexpr int64_t kCalls[] = {SYS_nanosleep,  SYS_clock_nanosleep, SYS_poll,
                                       SYS_futex,      SYS_restart_syscall, SYS_epoll_wait,
                                       SYS_epoll_pwait};
  return std::find(std::begin(kCalls), std::end(kCalls), call_number) != std::end(kCalls);
}

bool IsEintrOfStop(const Registers& registers) {
  // Of a socket with a timeout (include/net/sock.h, sock_intr_errno()).
  static constexpr int64_t kSocketCalls[] = {
      SYS_read,  SYS_readv,  SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_accept, SYS_accept4,
      SYS_write, SYS_writev, SYS_sendto,   SYS_sendmsg, SYS_sendmmsg, SYS_connect};
  const InterruptedCall call = CallOf(registers);
  return call.in_call && call.result == -EINTR &&
         (IsNeverRestarted(call.number) ||
          std::find(std::begin(kSocketCalls), std::end(kSocketCalls), call.number) !=
              std::end(kSocketCalls));
}

}  // namespace tardigrade::arch
