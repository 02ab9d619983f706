#include "supervisor/tracee/arch/x86_64/restarted_call.h"

#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "supervisor/tracee/remote_memory.h"

namespace tardigrade::arch {
namespace {

constexpr uint64_t kSyscallBytes = 2;  // 0f 05

// The calls that can wait there; all that set a restart block if the channel is not known.
std::vector<int64_t> Candidates(std::string_view wait_channel) {
  struct Channel {
    std::string_view prefix;  // Compilers append to the names of static functions.
    std::vector<int64_t> calls;
  };
  // kernel/time/{hrtimer,alarmtimer,posix-cpu-timers}.c, fs/select.c, kernel/futex/waitwake.c.
  static const Channel kChannels[] = {
      {"hrtimer_nanosleep", {SYS_nanosleep, SYS_clock_nanosleep}},
      // A restarted nanosleep is in functions of the scheduler only, which the channel leaves out.
      {"do_syscall_64", {SYS_nanosleep, SYS_clock_nanosleep}},
      {"x64_sys_call", {SYS_nanosleep, SYS_clock_nanosleep}},
      {"__x64_sys_restart_syscall", {SYS_nanosleep, SYS_clock_nanosleep}},
      {"do_nanosleep", {SYS_nanosleep, SYS_clock_nanosleep}},
      {"common_nsleep", {SYS_clock_nanosleep}},
      {"alarmtimer_do_nsleep", {SYS_clock_nanosleep}},
      {"alarm_timer_nsleep", {SYS_clock_nanosleep}},
      {"do_cpu_nanosleep", {SYS_clock_nanosleep}},
      {"posix_cpu_nsleep", {SYS_clock_nanosleep}},
      {"poll_schedule_timeout", {SYS_poll}},
      {"do_poll", {SYS_poll}},
      {"do_sys_poll", {SYS_poll}},
      {"do_restart_poll", {SYS_poll}},
      {"futex_", {SYS_futex}},
      {"__futex_wait", {SYS_futex}},
      {"do_futex", {SYS_futex}},
  };
  for (const Channel& channel : kChannels) {
    if (wait_channel.starts_with(channel.prefix)) return channel.calls;
  }
  return {SYS_nanosleep, SYS_clock_nanosleep, SYS_poll, SYS_futex};
}

std::optional<int64_t> NumberInCode(pid_t pid, uint64_t syscall_instruction) {
  for (const size_t bytes : {8, 7, 5}) {  // Fewer at the beginning of a mapping.
    std::string code(bytes, '\0');
    const Status read =
        ReadTraceeMemory(pid, syscall_instruction - bytes, std::as_writable_bytes(std::span(code)));
    if (read.has_value()) return ParseCallNumber(code);
  }
  return {};
}

bool IsTimespecAt(pid_t pid, uint64_t address) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const auto time = ReadTraceeObject<timespec>(pid, address);
  return time.has_value() && time.value().tv_sec >= 0 && time.value().tv_nsec >= 0 &&
         time.value().tv_nsec < kNsPerSecond;
}

// nanosleep(time, rest) or clock_nanosleep(clock, flags, time, rest): no clock's number is the
// address of a time.
std::optional<int64_t> WhichSleep(pid_t pid, const Registers& registers) {
  if (IsTimespecAt(pid, registers.rdi)) return SYS_nanosleep;
  if (IsTimespecAt(pid, registers.rdx)) return SYS_clock_nanosleep;
  return {};
}

}  // namespace

std::optional<int64_t> ParseCallNumber(std::string_view code) {
  constexpr size_t kMov32Bytes = 5, kMov64Bytes = 7;  // b8 imm32; 48 c7 c0 imm32.
  if (code.size() < kMov32Bytes) return {};
  int32_t number;
  std::memcpy(&number, code.data() + code.size() - sizeof number, sizeof number);
  if (code.size() >= kMov64Bytes &&
      code.substr(code.size() - kMov64Bytes).starts_with("\x48\xc7\xc0"))
    return number;
  if (code[code.size() - kMov32Bytes] != '\xb8') return {};
  // After a REX prefix it is another register.
  const bool prefixed =
      code.size() > kMov32Bytes &&
      (static_cast<unsigned char>(code[code.size() - kMov32Bytes - 1]) & 0xf0) == 0x40;
  if (prefixed) return {};
  return number;
}

bool IsAtSyscallInstruction(pid_t pid, uint64_t address) {
  const auto code = ReadTraceeObject<std::array<unsigned char, kSyscallBytes>>(pid, address);
  return code.has_value() && code.value() == std::array<unsigned char, 2>{0x0f, 0x05};
}

bool IsRestarted(pid_t pid, const Registers& registers) {
  const InterruptedCall call = CallOf(registers);
  if (call.in_call)
    return call.number == SYS_restart_syscall && call.result == -kErestartRestartblock;
  return registers.rax == SYS_restart_syscall && IsAtSyscallInstruction(pid, registers.rip);
}

std::optional<int64_t> IdentifyRestartedCall(pid_t pid, const Registers& registers,
                                             std::string_view wait_channel) {
  const std::vector<int64_t> candidates = Candidates(wait_channel);
  const auto fits = [&candidates](int64_t number) {
    return std::find(candidates.begin(), candidates.end(), number) != candidates.end();
  };
  if (candidates.size() == 1) return candidates[0];
  const uint64_t instruction =
      CallOf(registers).in_call ? registers.rip - kSyscallBytes : registers.rip;
  const std::optional<int64_t> number = NumberInCode(pid, instruction);
  if (number && fits(*number)) return number;
  if (fits(SYS_poll)) return {};
  return WhichSleep(pid, registers);
}

Registers AsFirstInterrupted(const Registers& registers, int64_t number) {
  Registers first = registers;
  if (!CallOf(registers).in_call) first.rip += kSyscallBytes;
  first.orig_rax = static_cast<uint64_t>(number);
  first.rax = static_cast<uint64_t>(-kErestartRestartblock);
  return first;
}

}  // namespace tardigrade::arch
