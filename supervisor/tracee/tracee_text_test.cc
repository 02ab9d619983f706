// The pure parts: what is read from /proc text, wait statuses and code.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <array>

#include "supervisor/tracee/arch/x86_64/gadgets.h"
#include "supervisor/tracee/proc_status.h"
#include "supervisor/tracee/ptrace.h"
#include "supervisor/tracee/ptrace_denied.h"
#include "supervisor/tracee/sleep_clock.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::IsOk;

constexpr char kStatus[] =
    "Name:\tcat: x\nState:\tS (sleeping)\nTgid:\t412\nPid:\t413\nPPid:\t7\nTracerPid:\t0\n"
    "Uid:\t1000\t1000\t1000\t1000\nNSpid:\t413\t12\nKthread:\t0\nVmSize:\t  5520 kB\n"
    "SigPnd:\t0000000000000200\nShdPnd:\t0000000000000001\nSigBlk:\t0000000000000800\n"
    "SigIgn:\t0000000000001000\nSeccomp:\t2\nx86_Thread_features:\tshstk wrss\n";

TEST(TraceeStatus, IsParsed) {
  const auto status = ParseStatus(kStatus);
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status.value().state, 'S');
  EXPECT_EQ(status.value().thread_group, 412);
  EXPECT_EQ(status.value().parent, 7);
  EXPECT_EQ(status.value().inner_tids, (std::vector<pid_t>{413, 12}));
  EXPECT_EQ(status.value().memory_bytes, 5520u << 10);
  EXPECT_EQ(status.value().pending, 0x200u);
  EXPECT_EQ(status.value().process_pending, 1u);
  EXPECT_EQ(status.value().blocked, 0x800u);
  EXPECT_EQ(status.value().seccomp, 2);
  EXPECT_TRUE(status.value().shadow_stack);
  EXPECT_FALSE(status.value().kernel_thread);
}

TEST(TraceeStatus, OfAKernelThreadBeforeItWasSaid) {
  EXPECT_TRUE(ParseStatus("State:\tI (idle)\n").value().kernel_thread);
  EXPECT_FALSE(ParseStatus("State:\tZ (zombie)\n").value().kernel_thread);
}

TEST(TraceeStatus, MalformedIsRefused) {
  EXPECT_THAT(ParseStatus("Tgid:\tx\n"), FailsWith(ErrorCode::kInternal, "Tgid"));
  EXPECT_THAT(ParseStatus("Uid:\t1\t2\n"), FailsWith(ErrorCode::kInternal, "Uid"));
}

TEST(Denial, SaysWhoIsInTheWay) {
  const auto text = [](const ptrace::DenialFacts& facts) {
    return ptrace::ExplainDenied(413, facts).ToString();
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(text({.tracee_status = kStatus, .yama_scope = "", .own_uid = 1001}),
              HasSubstr("belongs to user 1000, and this is user 1001"));
  EXPECT_THAT(text({.tracee_status = kStatus, .yama_scope = "1\n", .own_uid = 1000}),
              HasSubstr("ptrace_scope is 1; run as root, or set it to 0"));
  EXPECT_THAT(text({.tracee_status = kStatus, .yama_scope = "3\n", .own_uid = 0}),
              HasSubstr("ptrace_scope is 3"));
  EXPECT_THAT(text({.tracee_status = "State:\tS\nTracerPid:\t99\nVmSize: 1 kB\n",
                    .yama_scope = "",
                    .own_uid = 0}),
              HasSubstr("process 99 traces it already"));
  EXPECT_EQ(
      ptrace::ExplainDenied(413, {.tracee_status = "State:\tZ\n", .yama_scope = "", .own_uid = 0})
          .code(),
      ErrorCode::kTraceeGone);
}

TEST(WaitStatus, IsParsed) {
  using Kind = ptrace::WaitStatus::Kind;
  EXPECT_EQ(ptrace::ParseWaitStatus(W_EXITCODE(3, 0)).kind, Kind::kExited);
  EXPECT_EQ(ptrace::ParseWaitStatus(SIGKILL).signal, SIGKILL);
  EXPECT_EQ(ptrace::ParseWaitStatus(W_STOPCODE(SIGUSR1)).kind, Kind::kSignalStop);
  EXPECT_EQ(ptrace::ParseWaitStatus(W_STOPCODE(SIGTRAP | 0x80)).kind, Kind::kSyscallStop);
  const auto interrupted = ptrace::ParseWaitStatus(W_STOPCODE(SIGTRAP) | 128 << 16);
  EXPECT_EQ(interrupted.kind, Kind::kEventStop);
  EXPECT_EQ(interrupted.signal, 0);
  EXPECT_EQ(ptrace::ParseWaitStatus(W_STOPCODE(SIGSTOP) | 128 << 16).signal, SIGSTOP);
  EXPECT_EQ(ptrace::ParseWaitStatus(W_STOPCODE(SIGTRAP) | 4 << 16).kind, Kind::kOtherEvent);
}

TEST(SleepClock, TextIsParsed) {
  constexpr char kSched[] =
      "cat (413, #threads: 1)\n-----\nse.exec_start            :       2151887.606741\n"
      "nr_switches   :   9\nnr_voluntary_switches  :   7\nnr_involuntary_switches  : 2\n";
  EXPECT_EQ(ParseExecStartNs(kSched), 2151887606741);
  EXPECT_EQ(ParseVoluntarySwitches(kSched), 7);
  EXPECT_EQ(ParseExecStartNs("se.exec_start : x"), std::nullopt);
  EXPECT_EQ(ParseExecStartNs(""), std::nullopt);
  EXPECT_EQ(ParseSleepingCall("230 0x0 0x0 0x7ffe 0x0\n"), 230);
  EXPECT_EQ(ParseSleepingCall("running\n"), std::nullopt);
  EXPECT_EQ(ParseSleepingCall("-1 0x7ffe 0x0\n"), std::nullopt);
  std::string stat = "413 (a) b) S";
  for (int field = 4; field < 39; ++field) stat += " 1";
  EXPECT_EQ(ParseCpu(stat + " 5 0"), 5);
  EXPECT_EQ(ParseCpu("413 (a"), std::nullopt);
}

// A program and its library, and then another program with the same library at another address.
TEST(GadgetCache, WhatWasInAnotherProgramIsNotMissing) {
  MemoryMapping program{.start = 0x1000, .end = 0x2000, .prot = PROT_READ | PROT_EXEC, .inode = 1, .path = "/a"};
  MemoryMapping library{.start = 0x8000, .end = 0x9000, .prot = PROT_READ | PROT_EXEC, .inode = 2, .path = "/l"};
  arch::GadgetCache cache;
  cache.Learn({program, library}, {.syscall = 0x1010, .syscall_return = 0x8010, .sigreturn = 0x8020, .pop_number = 0});
  program.path = "/b";
  library.start += 0x10000;
  library.end += 0x10000;
  const arch::Gadgets hint = cache.HintFor({program, library});
  EXPECT_EQ(hint.syscall, 0x18010u);
  EXPECT_EQ(hint.syscall_return, 0x18010u);
  EXPECT_EQ(hint.sigreturn, 0x18020u);
}

TEST(Gadgets, AreFound) {
  constexpr std::array<unsigned char, 14> kCode = {0x90, 0xb8, 15,   0,    0,    0,    0x0f,
                                                   0x05, 0x90, 0x0f, 0x05, 0xc3, 0x90, 0x90};
  arch::Gadgets gadgets;
  arch::FindGadgetsIn(std::as_bytes(std::span(kCode)).first(8), 0x1000, gadgets);
  EXPECT_EQ(gadgets.sigreturn, 0x1001u);
  EXPECT_EQ(gadgets.Missing(), "\"syscall; ret\"");
  arch::FindGadgetsIn(std::as_bytes(std::span(kCode)), 0x1000, gadgets);
  EXPECT_EQ(gadgets.syscall_return, 0x1009u);
  EXPECT_TRUE(gadgets.complete());
  EXPECT_THAT(gadgets.SigreturnChain(), ::testing::ElementsAre(0x1001u));
}

TEST(Gadgets, TheNumberMayBePopped) {
  constexpr std::array<unsigned char, 6> kCode = {0x0f, 0x05, 0xc3, 0x41, 0x58, 0xc3};
  arch::Gadgets gadgets;
  arch::FindGadgetsIn(std::as_bytes(std::span(kCode)).first(5), 0x1000, gadgets);
  EXPECT_EQ(gadgets.Missing(), "\"mov $15, %eax; syscall\" and \"pop %rax; ret\"");
  arch::FindGadgetsIn(std::as_bytes(std::span(kCode)), 0x1000, gadgets);
  EXPECT_TRUE(gadgets.complete());
  EXPECT_THAT(gadgets.SigreturnChain(), ::testing::ElementsAre(0x1004u, 15u, 0x1000u));
}

}  // namespace
}  // namespace tardigrade
