#include "supervisor/tracee/arch/x86_64/restarted_call.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

namespace tardigrade::arch {
namespace {

using namespace std::string_view_literals;

TEST(ParseCallNumber, KnowsBothWaysToLoadANumber) {
  EXPECT_EQ(ParseCallNumber("\xb8\xe6\x00\x00\x00"sv), SYS_clock_nanosleep);
  EXPECT_EQ(ParseCallNumber("\x90\xb8\x07\x00\x00\x00"sv), SYS_poll);
  EXPECT_EQ(ParseCallNumber("\x48\xc7\xc0\xca\x00\x00\x00"sv), SYS_futex);
}

TEST(ParseCallNumber, TakesNothingElseForOne) {
  EXPECT_EQ(ParseCallNumber("\x41\xb8\xca\x00\x00\x00"sv), std::nullopt);  // mov to %r8d
  EXPECT_EQ(ParseCallNumber("\x4c\x8b\x4c\x24\x08"sv), std::nullopt);
  EXPECT_EQ(ParseCallNumber("\xb8\x07"sv), std::nullopt);
}

// Code as syscall(3) has it, which does not tell the number.
alignas(16) const unsigned char kCode[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                             0x90, 0x90, 0x90, 0x0f, 0x05, 0xc3};
constexpr timespec kTime = {.tv_sec = 1, .tv_nsec = 2};

uint64_t AddressOf(const void* object) { return reinterpret_cast<uint64_t>(object); }

Registers InRestart() {
  Registers registers = {};
  registers.orig_rax = SYS_restart_syscall;
  registers.rax = static_cast<uint64_t>(-kErestartRestartblock);
  registers.rip = AddressOf(kCode) + 12;
  return registers;
}

TEST(RestartedCall, IsToldByTheWaitChannel) {
  Registers registers = InRestart();
  EXPECT_TRUE(IsRestarted(getpid(), registers));
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "poll_schedule_timeout.constprop.0"),
            SYS_poll);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "futex_do_wait"), SYS_futex);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "futex_wait_queue"), SYS_futex);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "do_cpu_nanosleep"), SYS_clock_nanosleep);
}

TEST(RestartedCall, TellsTheSleepsByTheirArguments) {
  Registers registers = InRestart();
  registers.rdi = AddressOf(&kTime);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "hrtimer_nanosleep"), SYS_nanosleep);
  registers.rdi = CLOCK_BOOTTIME;
  registers.rdx = AddressOf(&kTime);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "hrtimer_nanosleep"), SYS_clock_nanosleep);
}

TEST(RestartedCall, IsNotGuessed) {
  Registers registers = InRestart();
  registers.rdi = AddressOf(&kTime);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, ""), std::nullopt);
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "0"), std::nullopt);
  registers.rdi = 0;
  EXPECT_EQ(IdentifyRestartedCall(getpid(), registers, "hrtimer_nanosleep"), std::nullopt);
}

TEST(RestartedCall, IsSeenOnItsWayIn) {
  Registers registers = InRestart();
  registers.rip = AddressOf(kCode) + 10;
  registers.rax = SYS_restart_syscall;
  registers.orig_rax = ~uint64_t{0};
  EXPECT_TRUE(IsRestarted(getpid(), registers));
  const Registers first = AsFirstInterrupted(registers, SYS_poll);
  EXPECT_EQ(first.rip, AddressOf(kCode) + 12);
  EXPECT_EQ(CallOf(first).number, SYS_poll);
  EXPECT_EQ(CallOf(first).result, -kErestartRestartblock);
  registers.rip = AddressOf(kCode);
  EXPECT_FALSE(IsRestarted(getpid(), registers));
}

}  // namespace
}  // namespace tardigrade::arch
