#include "supervisor/tracee/backtrace.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/tracee/symbolize.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using testing::IsOkAnd;

constexpr auto kLong = std::chrono::seconds(20);

// A program of this package that has got to the bottom of its stack and is in ptrace-stop.
class StoppedProgram {
 public:
  explicit StoppedProgram(const std::string& name) {
    int ready[2];
    if (pipe(ready) != 0) abort();
    const std::string path = "supervisor/tracee/" + name;
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(ready[1], STDOUT_FILENO);
      execl(path.c_str(), path.c_str(), nullptr);
      _exit(127);
    }
    close(ready[1]);
    char c = 0;
    EXPECT_EQ(read(ready[0], &c, 1), 1) << "cannot run " << path;
    close(ready[0]);
    ptrace(PTRACE_SEIZE, pid_, 0, 0);
    ptrace(PTRACE_INTERRUPT, pid_, 0, 0);
    waitpid(pid_, nullptr, __WALL);
  }
  ~StoppedProgram() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, __WALL);
  }
  StoppedProgram(const StoppedProgram&) = delete;
  StoppedProgram& operator=(const StoppedProgram&) = delete;

  pid_t pid() const { return pid_; }

  std::vector<BacktraceFrame> Backtrace() const {
    std::vector<BacktraceFrame> frames =
        TakeBacktrace(pid_, 64, std::chrono::steady_clock::now() + kLong).value();
    const std::string maps = ReadFile(StrCat("/proc/", pid_, "/maps")).value();
    Symbolize(frames, ParseMaps(maps).value());
    return frames;
  }

 private:
  pid_t pid_ = -1;
};

std::vector<std::string> SymbolsOf(const std::vector<BacktraceFrame>& frames) {
  std::vector<std::string> symbols;
  for (const BacktraceFrame& frame : frames) symbols.push_back(frame.symbol);
  return symbols;
}

// The program's own functions in `symbols`, in order.
std::vector<std::string> Known(const std::vector<std::string>& symbols) {
  std::vector<std::string> known;
  for (const std::string& symbol : symbols)
    if (symbol == "main" || symbol.starts_with("known::")) known.push_back(symbol);
  return known;
}

const std::vector<std::string> kWholeStack = {
    "known::Inner()",           "known::OnSignal(int)",
    "known::Middle::Step(int)", "known::Middle::Step(int)",
    "known::Middle::Step(int)", "known::Middle::Step(int)",
    "known::Outer()",           "main"};

TEST(TakeBacktrace, FollowsADynamicProgramThroughASignalHandler) {
  const StoppedProgram program("known_stack");
  const std::vector<BacktraceFrame> frames = program.Backtrace();
  EXPECT_EQ(Known(SymbolsOf(frames)), kWholeStack);
  EXPECT_THAT(frames.front().module, ::testing::HasSubstr("libc"));
  EXPECT_NE(frames.front().symbol, "");
}

TEST(TakeBacktrace, FollowsAStaticProgram) {
  const StoppedProgram program("known_stack_static");
  EXPECT_EQ(Known(SymbolsOf(program.Backtrace())), kWholeStack);
}

TEST(TakeBacktrace, GivesModuleAndOffsetOfAStrippedProgram) {
  const StoppedProgram program("known_stack_stripped");
  const std::vector<BacktraceFrame> frames = program.Backtrace();
  size_t own = 0;
  for (const BacktraceFrame& frame : frames) {
    if (!frame.module.ends_with("known_stack_stripped")) continue;
    EXPECT_EQ(frame.symbol, "");
    EXPECT_NE(frame.offset, 0U);
    ++own;
  }
  EXPECT_GE(own, kWholeStack.size());
}

TEST(TakeBacktrace, HonoursItsLimits) {
  const StoppedProgram program("known_stack");
  const auto now = std::chrono::steady_clock::now();
  EXPECT_THAT(TakeBacktrace(program.pid(), 3, now + kLong), IsOkAnd(::testing::SizeIs(3)));
  EXPECT_THAT(TakeBacktrace(program.pid(), 0, now + kLong), IsOkAnd(::testing::IsEmpty()));
  EXPECT_THAT(TakeBacktrace(program.pid(), 64, now), IsOkAnd(::testing::IsEmpty()));
}

TEST(TakeBacktrace, SaysWhenThereIsNoSuchTracee) {
  EXPECT_THAT(TakeBacktrace(getpid(), 3, std::chrono::steady_clock::now() + kLong),
              FailsWith(ErrorCode::kTraceeGone, "reading registers"));
}

}  // namespace
}  // namespace tardigrade
