#include "plugins/proc_file/proc_file_kind.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::proc_file {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

ScopedFd Open(const std::string& path, int flags = O_RDONLY) { return OpenFile(path, flags).value(); }

class ProcFileKindTest : public ::testing::Test {
 protected:
  ProcFileKind kind_;
  FakeContexts contexts_;
};

TEST_F(ProcFileKindTest, ClaimsFilesOfProcessesOnly) {
  EXPECT_TRUE(kind_.Claims(FactsOf(Open("/proc/self/maps").get())));
  EXPECT_TRUE(kind_.Claims(FactsOf(Open("/proc/self/task/" + std::to_string(getpid()) + "/stat").get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(Open("/proc/meminfo").get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(Open("/proc/self", O_RDONLY | O_DIRECTORY).get())));
  EXPECT_FALSE(kind_.Claims(FactsOf(Open("/dev/null").get())));
}

TEST_F(ProcFileKindTest, ComesBackWithItsOffset) {
  const ScopedFd fd = Open("/proc/self/cmdline", O_RDONLY | O_NONBLOCK);
  char byte = 0, second = 0;
  ASSERT_EQ(read(fd.get(), &byte, 1), 1);
  const FdFacts file = FactsOf(fd.get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)), IsOk());
  const Value state = kind_.Collect(file, std::span(&file, 1), contexts_).value();
  const ScopedFd again = kind_.Create(state, contexts_.create()).value();
  SyscallPlan plan;
  ASSERT_THAT(kind_.PlanInTask(state, again.get(), plan), IsOk());
  ASSERT_THAT(RunHere(plan).Check(), IsOk());
  EXPECT_EQ(FactsOf(again.get()).link, file.link);
  EXPECT_EQ(FactsOf(again.get()).info.flags & O_NONBLOCK, uint64_t{O_NONBLOCK});
  ASSERT_EQ(read(again.get(), &byte, 1), 1);
  ASSERT_EQ(read(fd.get(), &second, 1), 1);
  EXPECT_EQ(byte, second);
}

TEST_F(ProcFileKindTest, WhatIsNotThereEarlyAndOthersAreRefused) {
  const ScopedFd stat = Open("/proc/thread-self/stat");
  FdFacts file = FactsOf(stat.get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)), FailsWith(ErrorCode::kUnsupported, "threads, descriptors"));
  const ScopedFd other = Open("/proc/self/stat");
  file = FactsOf(other.get());
  const JobPids nobody;
  file.job = &nobody;
  EXPECT_THAT(kind_.Check(file, {}), FailsWith(ErrorCode::kUnsupported, "not saved along"));
}

TEST_F(ProcFileKindTest, MalformedImagesAreRejected) {
  ProcFileState state;
  state.pid = getpid();
  for (const char* entry : {"../../etc/passwd", "/etc/passwd", "fd/0", "net/../../x"}) {
    state.entry = entry;
    EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "proc_file.entry")) << entry;
  }
  state.pid = 0;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()), FailsWith(ErrorCode::kBadImage, "proc_file.pid"));
}

}  // namespace
}  // namespace tardigrade::proc_file
