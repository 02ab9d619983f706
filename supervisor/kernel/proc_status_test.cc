#include "supervisor/kernel/proc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::IsOkAnd;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

// Linux 6.1, shortened.
constexpr std::string_view kSample =
    "Name:\ttmux: server\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nNgid:\t0\nPid:\t812\n"
    "PPid:\t1\nTracerPid:\t0\nUid:\t1000\t1000\t1001\t4294967295\nGid:\t100\t100\t100\t100\n"
    "FDSize:\t64\nGroups:\t24 25 1000 \nNStgid:\t812\t1\nNSpid:\t812\t1\nNSpgid:\t812\t1\n"
    "NSsid:\t812\t1\nVmPeak:\t   12345 kB\nVmLck:\t       8 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n"
    "Threads:\t3\nSigQ:\t2/15432\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000001\n"
    "SigBlk:\t8000000000010000\nCapEff:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    "Seccomp_filters:\t1\nSpeculation_Store_Bypass:\tthread vulnerable\n"
    "Cpus_allowed_list:\t0-1\nvoluntary_ctxt_switches:\t150\n";

ProcStatus Sample() { return ParseProcStatus(kSample).value(); }

TEST(ParseProcStatus, TypedHelpers) {
  const ProcStatus status = Sample();
  EXPECT_THAT(status.Name(), IsOkAnd(Eq("tmux: server")));
  EXPECT_THAT(status.Uid(), IsOkAnd(ElementsAre(1000u, 1000u, 1001u, UINT32_MAX)));
  EXPECT_THAT(status.Gid(), IsOkAnd(ElementsAre(100u, 100u, 100u, 100u)));
  EXPECT_THAT(status.Groups(), IsOkAnd(ElementsAre(24, 25, 1000)));
  EXPECT_THAT(status.NsPid(), IsOkAnd(ElementsAre(812, 1)));
  EXPECT_THAT(status.Tgid(), IsOkAnd(Eq(812u)));
  EXPECT_THAT(status.Threads(), IsOkAnd(Eq(3u)));
  EXPECT_THAT(status.TracerPid(), IsOkAnd(Eq(0u)));
  EXPECT_THAT(status.Seccomp(), IsOkAnd(Eq(2u)));
  EXPECT_THAT(status.NoNewPrivs(), IsOkAnd(Eq(1u)));
  EXPECT_THAT(status.Umask(), IsOkAnd(Eq(022u)));
  EXPECT_THAT(status.Mask("SigBlk"), IsOkAnd(Eq(0x8000000000010000u)));
  EXPECT_THAT(status.Number("VmLck"), IsOkAnd(Eq(8u)));
  EXPECT_THAT(status.Find("Speculation_Store_Bypass"), IsOkAnd(Eq("thread vulnerable")));
  EXPECT_EQ(status.SigQ().value().queued, 2u);
  EXPECT_EQ(status.SigQ().value().limit, 15432u);
}

TEST(ParseProcStatus, MissingKeysAreNamed) {
  EXPECT_FALSE(Sample().Has("x86_Thread_features"));
  EXPECT_THAT(Sample().Find("x86_Thread_features"),
              FailsWith(ErrorCode::kUnsupported, "x86_Thread_features"));
}

TEST(ParseProcStatus, NoGroups) {
  EXPECT_THAT(ParseProcStatus("Groups:\t \n").value().Groups(), IsOkAnd(IsEmpty()));
}

TEST(ParseProcStatus, ValuesOfAnotherForm) {
  const ProcStatus status = ParseProcStatus(
                                "Threads:\tx\nUid:\t1 2 3\nGid:\t1 2 3 4 5\nNSpid:\t1 b\nSigQ:\t1\n"
                                "Umask:\t9\nSigBlk:\t0x1\nName:\ta\\tb\n")
                                .value();
  EXPECT_THAT(status.Threads(), FailsWith(ErrorCode::kInternal, "Threads"));
  EXPECT_THAT(status.Uid(), FailsWith(ErrorCode::kInternal, "Uid"));
  EXPECT_THAT(status.Gid(), FailsWith(ErrorCode::kInternal, "Gid"));
  EXPECT_THAT(status.NsPid(), FailsWith(ErrorCode::kInternal, "NSpid"));
  EXPECT_THAT(status.SigQ(), FailsWith(ErrorCode::kInternal, "SigQ"));
  EXPECT_THAT(status.Umask(), FailsWith(ErrorCode::kInternal, "Umask"));
  EXPECT_THAT(status.Mask("SigBlk"), FailsWith(ErrorCode::kInternal, "SigBlk"));
  EXPECT_THAT(status.Name(), FailsWith(ErrorCode::kInternal, "Name"));
}

TEST(ParseProcStatus, LinesWithoutAKey) {
  EXPECT_THAT(ParseProcStatus("x\n"), FailsWith(ErrorCode::kInternal, "without a key"));
  EXPECT_THAT(ParseProcStatus("\n"), FailsWith(ErrorCode::kInternal, "without a key"));
}

TEST(ParseProcStatus, OwnProcess) {
  for (const char* name : {"plain", "a\nb\\c\\n", "  x : y ", "\xff\xfe"}) {
    prctl(PR_SET_NAME, name);
    const auto own = ParseProcStatus(ReadFile("/proc/self/status").value());
    ASSERT_THAT(own, IsOk());
    EXPECT_THAT(own.value().Name(), IsOkAnd(Eq(name)));
    EXPECT_THAT(own.value().Tgid(), IsOkAnd(Eq(static_cast<uint64_t>(getpid()))));
  }
}

}  // namespace
}  // namespace tardigrade
