#include "supervisor/kernel/proc_stat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

constexpr std::string_view kTail =
    " S 1187 2305 2305 34816 2305 4194304 1124 5 3 1 12 34 -1 2 20 -5 3 0 987654 8663040 1280 "
    "18446744073709551615 94355218063360 94355218951133 140724211370896 140724211370000 "
    "139637976727504 0 65536 3686404 1266761467 1 0 0 17 1 0 0 7 8 9 94355219182448 94355219230320 "
    "94355224903680 140724211377478 140724211377484 140724211377485 140724211380206 256\n";

TEST(ParseProcStat, EveryField) {
  const auto parsed = ParseProcStat(StrCat("2305 (bash)", kTail));
  ASSERT_THAT(parsed, IsOk());
  const ProcStat& s = parsed.value();
  EXPECT_EQ(s.pid, 2305);
  EXPECT_EQ(s.comm, "bash");
  EXPECT_EQ(s.state, 'S');
  EXPECT_EQ(s.ppid, 1187);
  EXPECT_EQ(s.pgrp, 2305);
  EXPECT_EQ(s.session, 2305);
  EXPECT_EQ(s.tty_nr, 34816);
  EXPECT_EQ(s.flags, 4194304u);
  EXPECT_EQ(s.cutime, -1);
  EXPECT_EQ(s.nice, -5);
  EXPECT_EQ(s.num_threads, 3);
  EXPECT_EQ(s.start_time, 987654u);
  EXPECT_EQ(s.rsslim, UINT64_MAX);
  EXPECT_EQ(s.start_code, 94355218063360u);
  EXPECT_EQ(s.exit_signal, 17);
  EXPECT_EQ(s.cguest_time, 9);
  EXPECT_EQ(s.start_data, 94355219182448u);
  EXPECT_EQ(s.start_brk, 94355224903680u);
  EXPECT_EQ(s.arg_start, 140724211377478u);
  EXPECT_EQ(s.env_end, 140724211380206u);
  EXPECT_EQ(s.exit_code, 256);
}

TEST(ParseProcStat, NamesOfAnyBytes) {
  for (const char* name : {"", ")", "a) S 1 (b", "tmux: server", "x\ny", "((("})
    EXPECT_EQ(ParseProcStat(StrCat("1 (", name, ")", kTail)).value().comm, name);
}

TEST(ParseProcStat, LaterFieldsArePassedOver) {
  const std::string text = StrCat("1 (a)", kTail);
  EXPECT_THAT(ParseProcStat(text.substr(0, text.size() - 1) + " 42\n"), IsOk());
}

TEST(ParseProcStat, RefusesWhatItCannotRead) {
  const std::string text = StrCat("1 (a)", kTail);
  for (size_t size = 0; size < text.size() - 4; ++size)
    EXPECT_THAT(ParseProcStat(text.substr(0, size)), FailsWith(ErrorCode::kInternal, "stat"));
  EXPECT_THAT(ParseProcStat("x (a) S 1"), FailsWith(ErrorCode::kInternal, "stat"));
}

TEST(ParseProcStat, OwnProcess) {
  prctl(PR_SET_NAME, ") R 1 (");
  const auto own = ParseProcStat(ReadFile("/proc/self/stat").value());
  ASSERT_THAT(own, IsOk());
  EXPECT_EQ(own.value().comm, ") R 1 (");
  EXPECT_EQ(own.value().pid, getpid());
  EXPECT_EQ(own.value().ppid, getppid());
  EXPECT_EQ(own.value().session, getsid(0));
}

}  // namespace
}  // namespace tardigrade
