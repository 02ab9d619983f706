#include "supervisor/tracee/seccomp_filter.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cstddef>

namespace tardigrade {
namespace {

constexpr uint32_t kErrno = SECCOMP_RET_ERRNO | 1;
constexpr sock_filter kLoadNumber = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
constexpr sock_filter kLoadArch = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
constexpr sock_filter kLoadArgument =
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args));

sock_filter IfEqual(uint32_t value, uint8_t yes, uint8_t no) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}
sock_filter Return(uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

TEST(SurelyAllows, DecidesByNumber) {
  const SeccompFilter denies_one = {kLoadNumber, IfEqual(SYS_getppid, 0, 1), Return(kErrno),
                                    Return(SECCOMP_RET_ALLOW)};
  EXPECT_FALSE(SurelyAllows(denies_one, SYS_getppid));
  EXPECT_TRUE(SurelyAllows(denies_one, SYS_getpid));
  const SeccompFilter by_range = {kLoadNumber, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 100, 0, 1),
                                  Return(SECCOMP_RET_KILL_PROCESS), Return(SECCOMP_RET_LOG)};
  EXPECT_TRUE(SurelyAllows(by_range, 99));
  EXPECT_FALSE(SurelyAllows(by_range, 100));
}

TEST(SurelyAllows, KnowsTheMachine) {
  const SeccompFilter own_only = {kLoadArch, IfEqual(AUDIT_ARCH_X86_64, 1, 0),
                                  Return(SECCOMP_RET_KILL_THREAD), Return(SECCOMP_RET_ALLOW)};
  EXPECT_TRUE(SurelyAllows(own_only, SYS_futex));
}

TEST(SurelyAllows, DoesNotTrustArguments) {
  const SeccompFilter filter = {kLoadNumber,
                                IfEqual(SYS_prctl, 0, 3),
                                kLoadArgument,
                                IfEqual(15, 1, 0),
                                Return(kErrno),
                                Return(SECCOMP_RET_ALLOW)};
  EXPECT_FALSE(SurelyAllows(filter, SYS_prctl));
  EXPECT_TRUE(SurelyAllows(filter, SYS_futex));
  const SeccompFilter either_way = {kLoadArgument, IfEqual(15, 0, 1), Return(SECCOMP_RET_ALLOW),
                                    Return(SECCOMP_RET_ALLOW)};
  EXPECT_TRUE(SurelyAllows(either_way, SYS_prctl));
}

TEST(SurelyAllows, ComputesAndForgetsWhereWaysMeet) {
  const SeccompFilter computes = {kLoadNumber,
                                  BPF_STMT(BPF_ST, 3),
                                  BPF_STMT(BPF_LDX | BPF_MEM, 3),
                                  BPF_STMT(BPF_LD | BPF_IMM, 7),
                                  BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
                                  IfEqual(SYS_futex + 7, 1, 0),
                                  Return(kErrno),
                                  Return(SECCOMP_RET_ALLOW)};
  EXPECT_TRUE(SurelyAllows(computes, SYS_futex));
  EXPECT_FALSE(SurelyAllows(computes, SYS_getpid));
  // What to return depends on an argument.
  const SeccompFilter returns_a = {kLoadArgument, IfEqual(1, 0, 1),
                                   BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW),
                                   BPF_STMT(BPF_RET | BPF_A, 0)};
  EXPECT_FALSE(SurelyAllows(returns_a, SYS_futex));
}

TEST(SurelyAllows, DistrustsWhatIsNoFilter) {
  EXPECT_FALSE(SurelyAllows({}, SYS_futex));
  EXPECT_FALSE(SurelyAllows(SeccompFilter{kLoadNumber}, SYS_futex));
  EXPECT_FALSE(SurelyAllows(SeccompFilter{BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff)}, SYS_futex));
}

TEST(SurelyAllow, AsksEveryFilter) {
  const SeccompFilter all = {Return(SECCOMP_RET_ALLOW)};
  const SeccompFilter none = {Return(SECCOMP_RET_TRACE)};
  const uint32_t numbers[] = {SYS_futex, SYS_shmat};
  EXPECT_TRUE(SurelyAllow({all, all}, numbers));
  EXPECT_FALSE(SurelyAllow({all, none}, numbers));
  EXPECT_TRUE(SurelyAllow({}, numbers));
}

}  // namespace
}  // namespace tardigrade
