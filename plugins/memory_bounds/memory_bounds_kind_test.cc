#include "plugins/memory_bounds/memory_bounds_kind.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "plugins/memory_bounds/memory_bounds_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::memory_bounds {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(MemoryBoundsKind, BoundsAndAuxiliaryVectorAreRestored) {
  const MemoryBoundsKind kind;
  PracticeTask task;
  const Result<Value> found = task.Collect(kind);
  ASSERT_THAT(found, IsOk());
  auto state = Decode<MemoryBoundsState>(found.value(), "").value();
  EXPECT_GT(state.brk, state.start_brk);
  ASSERT_GE(state.auxv.size(), 20u);
  // Another process's bounds, as far as an address space that stays as it is allows.
  state.arg_start += 1;
  state.env_end -= 1;
  state.start_stack += 16;
  state.start_data += 8;
  state.auxv[1] ^= 0x1000;
  ASSERT_THAT(task.Restore(kind, Encode(state)), IsOk());
  EXPECT_EQ(task.Collect(kind).value(), Encode(state));
}

TEST(MemoryBoundsKind, AnotherExecutableIsPlanned) {
  // Nothing more can be tried here: the kernel refuses (EBUSY) while the old executable is mapped,
  // and an ordinary user outside a namespace of its own at once (EPERM).
  const MemoryBoundsKind kind;
  PracticeTask task;
  auto state = Decode<MemoryBoundsState>(task.Collect(kind).value(), "").value();
  state.exe = "/bin/sh";
  EXPECT_THAT(task.Restore(kind, Encode(state)),
              FailsWith(ErrorCode::kRemote,
                        StrCat("the executable /bin/sh: ", geteuid() == 0 ? "EBUSY" : "EPERM")));
}

TEST(MemoryBoundsKind, ARemovedExecutableIsRefused) {
  char name[] = "/tmp/memory_bounds.XXXXXX";
  close(mkstemp(name));
  std::ofstream(name) << std::ifstream("/bin/sleep").rdbuf();
  ASSERT_EQ(chmod(name, 0700), 0);
  int hold[2];
  ASSERT_EQ(pipe2(hold, O_CLOEXEC), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(name, "sleep", "1000", nullptr);
    _exit(1);
  }
  close(hold[1]);
  char c;
  EXPECT_EQ(read(hold[0], &c, 1), 0);  // It runs now.
  ASSERT_EQ(unlink(name), 0);
  TaskFacts facts;
  facts.pid = pid;
  facts.proc_dir = StrCat("/proc/", pid);
  EXPECT_THAT(MemoryBoundsKind().Check(facts), FailsWith(ErrorCode::kUnsupported, name));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
}

TEST(ParseStat, SkipsAnyNameAndRefusesHiddenBounds) {
  std::string stat = "7 (a) b (c) S";
  for (int field = 4; field <= 52; ++field) stat += StrCat(" ", field * 10);
  const Result<MemoryBoundsState> state = ParseStat(stat);
  ASSERT_THAT(state, IsOk());
  EXPECT_EQ(state.value().start_code, 260u);
  EXPECT_EQ(state.value().env_end, 510u);
  stat.replace(stat.find(" 260"), 4, " 1");
  EXPECT_THAT(ParseStat(stat), FailsWith(ErrorCode::kDenied, "hides"));
  EXPECT_THAT(ParseStat("7 (a) S 1"), FailsWith(ErrorCode::kInternal, "field 26"));
}

TEST(MemoryBoundsKind, BadImagesAreRejected) {
  TaskPlan plan;
  MemoryBoundsState state;
  EXPECT_THAT(MemoryBoundsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "exe"));
  state.exe = "sh";
  EXPECT_THAT(MemoryBoundsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "absolute"));
  state.auxv.resize(257);
  EXPECT_THAT(MemoryBoundsKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "auxv"));
}

}  // namespace
}  // namespace tardigrade::memory_bounds
