#include "supervisor/cli/terminal_progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>

namespace tardigrade {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ProgressText, SaysBytesRateAndTimeLeft) {
  EXPECT_EQ(ProgressText("writing", 1 << 30, uint64_t{4} << 30, seconds(2)),
            "writing: 1.0 GiB of 4.0 GiB (25%), 512.0 MiB/s, 6 s left");
  EXPECT_EQ(ProgressText("writing", 1 << 20, uint64_t{200} << 20, seconds(1)),
            "writing: 1.0 MiB of 200.0 MiB (0%), 1.0 MiB/s, 3 min 19 s left");
}

TEST(ProgressText, DoesWithLess) {
  EXPECT_EQ(ProgressText("w", 0, 100, seconds(2)), "w: 0 B of 100 B (0%)");
  EXPECT_EQ(ProgressText("w", 2048, 0, seconds(2)), "w: 2.0 KiB, 1.0 KiB/s");
  EXPECT_EQ(ProgressText("w", 100, 100, seconds(1)), "w: 100 B of 100 B (100%), 100 B/s");
  EXPECT_EQ(ProgressText("w", 200, 100, seconds(1)), "w: 200 B of 100 B (100%), 200 B/s");
  EXPECT_EQ(ProgressText("w", 1, 0, milliseconds(0)), "w: 1 B");
}

// Runs one transfer of `duration` in a child whose controlling terminal is a new one (in the
// background if asked), and returns what came out there.
std::string ShownFor(milliseconds duration, bool background) {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (background && fork() == 0) {
      setpgid(0, 0);
    } else if (background) {
      int status = 0;
      wait(&status);
      _exit(WEXITSTATUS(status));
    }
    TerminalProgress::Clock::time_point now{};
    {
      TerminalProgress progress(STDERR_FILENO, [&] { return now; });
      progress.Begin("writing", 1000);
      now += duration;
      progress.Advance(500);
      progress.End();
    }
    _exit(0);
  }
  std::string shown;
  char buffer[512];
  for (ssize_t n = 0; (n = read(master, buffer, sizeof(buffer))) > 0;)
    shown.append(buffer, static_cast<size_t>(n));
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  close(master);
  return shown;
}

TEST(TerminalProgress, ShowsAndWipesALineAfterASecond) {
  EXPECT_EQ(ShownFor(milliseconds(2000), false),
            "\rwriting: 500 B of 1000 B (50%), 250 B/s, 2 s left\x1b[K\r\x1b[K");
}

TEST(TerminalProgress, KeepsQuietWithinASecond) {
  EXPECT_EQ(ShownFor(milliseconds(999), false), "");
}

TEST(TerminalProgress, KeepsQuietInTheBackground) {
  EXPECT_EQ(ShownFor(milliseconds(2000), true), "");
}

TEST(TerminalProgress, KeepsQuietIfThereIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  TerminalProgress::Clock::time_point now{};
  TerminalProgress progress(ends[1], [&] { return now; });
  progress.Begin("writing", 10);
  now += seconds(5);
  progress.Advance(5);
  progress.End();
  char c = 0;
  EXPECT_EQ(read(ends[0], &c, 1), -1);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace tardigrade
