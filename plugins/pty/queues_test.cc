#include "plugins/pty/queues.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "plugins/pty/live_queues.h"
#include "plugins/pty/pty_number.h"
#include "plugins/pty/settings.h"
#include "tests/testing/matchers.h"

namespace tardigrade::pty {
namespace {

using ::tardigrade::testing::IsOk;

// Twice the same terminal: what is taken from one and put into the other has to read as it would have.
class QueuesTest : public ::testing::Test {
 protected:
  struct Terminal {
    ScopedFd master, slave;
    Ends ends() const { return {master.get(), slave.get()}; }
  };

  Terminal Make() {
    Terminal made;
    made.master = OpenAnyPty().value();
    fcntl(made.master.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    made.slave = OpenPeer(made.master.get(), O_RDWR | O_NONBLOCK).value();
    return made;
  }
  void Type(const std::string& text) {
    ASSERT_EQ(write(here_.master.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    usleep(20000);
  }
  void Print(const std::string& text) {
    ASSERT_EQ(write(here_.slave.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    usleep(5000);
  }
  void Change(void (*change)(TerminalSettings&)) {
    TerminalSettings settings = GetSettings(here_.slave.get()).value();
    change(settings);
    ASSERT_THAT(SetSettings(here_.slave.get(), settings), IsOk());
  }
  // Looks, and goes on in another terminal with what was seen.
  void Move() {
    const TerminalSettings settings = GetSettings(here_.slave.get()).value();
    const Result<Queues> seen = LookIntoQueues(here_.ends(), settings, /*packets=*/false);
    ASSERT_THAT(seen, IsOk());
    queues_ = seen.value();
    EXPECT_EQ(GetSettings(here_.slave.get()).value(), settings);
    Terminal other = Make();
    ASSERT_THAT(PutQueues(other.ends(), settings, queues_), IsOk());
    EXPECT_EQ(GetSettings(other.slave.get()).value(), settings);
    moved_ = std::move(other);
  }
  // What the slave gives by reads of `most` bytes, separated by bars, and what the master does after that.
  static std::string Input(const Terminal& from, size_t most = 8192) {
    std::string all;
    for (;;) {
      std::string piece(most, '\0');
      const ssize_t got = read(from.slave.get(), piece.data(), piece.size());
      if (got < 0) return all;
      all += piece.substr(0, static_cast<size_t>(got)) + "|";
    }
  }
  static std::string Output(const Terminal& from) { return ReadAll(from.master.get()); }
  static std::string ReadAll(int fd) {
    std::string all;
    pollfd poller{.fd = fd, .events = POLLIN, .revents = 0};
    while (poll(&poller, 1, 20) == 1) {
      char piece[4096];
      const ssize_t got = read(fd, piece, sizeof(piece));
      if (got <= 0) break;
      all.append(piece, static_cast<size_t>(got));
    }
    return all;
  }
  void ExpectInput(const std::string& expected) {
    EXPECT_EQ(Input(here_), expected) << "where it was looked at";
    EXPECT_EQ(Input(moved_), expected) << "where it was put";
  }
  void ExpectOutput(const std::string& expected) {
    EXPECT_EQ(Output(here_), expected) << "where it was looked at";
    EXPECT_EQ(Output(moved_), expected) << "where it was put";
  }

  static void Raw(TerminalSettings& settings) {
    settings.lflag &= ~static_cast<uint32_t>(ICANON | ECHO | ISIG | IEXTEN);
    settings.iflag = 0;
  }
  static void NoEcho(TerminalSettings& settings) { settings.lflag &= ~static_cast<uint32_t>(ECHO); }

  Terminal here_ = Make();
  Terminal moved_;
  Queues queues_;
};

TEST_F(QueuesTest, NothingIsUnderWay) {
  Move();
  EXPECT_TRUE(queues_.empty());
  ExpectInput("");
  ExpectOutput("");
}

TEST_F(QueuesTest, OutputComesOutAsItWasProcessed) {
  Print("one\ntwo");
  Move();
  ExpectOutput("one\r\ntwo");
}

TEST_F(QueuesTest, LinesEndAsTheyDid) {
  Change([](TerminalSettings& settings) { settings.cc[VEOL] = ';'; });
  Type("first\nsecond;\x04third\x04");
  Move();
  EXPECT_EQ(queues_.lines.size(), 4u);
  EXPECT_EQ(Input(here_), "first\n|second;||third|");
  EXPECT_EQ(Input(moved_), "first\n|second;||third|");
  ExpectOutput("first\r\nsecond;third");
}

TEST_F(QueuesTest, AnUnfinishedLineCanBeEdited) {
  Change(NoEcho);
  Type("done\nunfinisheX");
  Move();
  for (const Terminal* terminal : {&here_, &moved_})
    ASSERT_EQ(write(terminal->master.get(), "\x7f" "d\n", 3), 3);
  usleep(20000);
  ExpectInput("done\n|unfinished\n|");
}

TEST_F(QueuesTest, AnUnfinishedLineAloneIsSeen) {
  Change(NoEcho);
  Type("abX");
  Move();
  EXPECT_EQ(queues_.input, "abX");
  for (const Terminal* terminal : {&here_, &moved_}) ASSERT_EQ(write(terminal->master.get(), "\x7f" "c\n", 3), 3);
  usleep(20000);
  ExpectInput("abc\n|");
}

TEST_F(QueuesTest, QuotedCharactersStayWhatTheyAre) {
  Change(NoEcho);
  Type("a\x16\x03" "b\x16\x04" "c\x16\x0a" "d\x16\x13" "e\n");
  Move();
  ExpectInput("a\x03" "b\x04" "c\n" "d\x13" "e\n|");
}

TEST_F(QueuesTest, RawBytesStayWhatTheyAre) {
  Change(Raw);
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  Type(all);
  Move();
  ExpectInput(all + "|");
  ExpectOutput("");
}

TEST_F(QueuesTest, WhatWasTypedRawIsALineOnceThereAreLines) {
  Change(Raw);
  Type("raw");
  Change([](TerminalSettings& settings) { settings.lflag |= ICANON; });
  Move();
  ExpectInput("raw|");
}

TEST_F(QueuesTest, WhatIsBehindAFullBufferIsProcessedLater) {
  Change([](TerminalSettings& settings) {
    NoEcho(settings);
    settings.lflag &= ~static_cast<uint32_t>(ISIG);
  });
  std::string typed, expected;
  for (int line = 0; line < 700; ++line) {
    typed += "line " + std::to_string(1000 + line) + "\n";
    expected += "line " + std::to_string(1000 + line) + "\n|";
  }
  Type(typed);
  Type("mistakX\x7f" "e\n");
  Move();
  EXPECT_EQ(queues_.unprocessed.substr(queues_.unprocessed.size() - 10), "mistakX\x7f" "e\n");
  EXPECT_EQ(Input(here_), expected + "mistake\n|");
  EXPECT_EQ(Input(moved_), expected + "mistake\n|");
}

TEST_F(QueuesTest, StoppedOutputStaysStoppedUntilItIsStarted) {
  Print("before");
  Type("\x13");
  Move();
  EXPECT_EQ(queues_.flow, Flow::kStoppedByCharacter);
  for (const Terminal* terminal : {&here_, &moved_}) {
    EXPECT_EQ(write(terminal->slave.get(), "x", 1), -1);
    ASSERT_EQ(write(terminal->master.get(), "\x11", 1), 1);
    usleep(20000);
    EXPECT_EQ(write(terminal->slave.get(), "after", 5), 5);
  }
  ExpectOutput("beforeafter");
}

TEST_F(QueuesTest, OutputStoppedByACallIsStartedByACallOnly) {
  ASSERT_EQ(ioctl(here_.slave.get(), TCXONC, TCOOFF), 0);
  Move();
  EXPECT_EQ(queues_.flow, Flow::kStoppedByCall);
  for (const Terminal* terminal : {&here_, &moved_}) {
    ASSERT_EQ(write(terminal->master.get(), "\x11", 1), 1);
    usleep(20000);
    EXPECT_EQ(write(terminal->slave.get(), "x", 1), -1);
    ASSERT_EQ(ioctl(terminal->slave.get(), TCXONC, TCOON), 0);
    EXPECT_EQ(write(terminal->slave.get(), "y", 1), 1);
  }
  ExpectOutput("y");
}

// Killed before, in the middle of it, after it.
TEST_F(QueuesTest, AKilledSupervisorTakesNothingAlong) {
  Change(NoEcho);
  Type("line\nunfinished");
  Print("output\n");
  const TerminalSettings settings = GetSettings(here_.slave.get()).value();
  // Whoever outlives the supervisor comes here.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  for (int after_us = 0; after_us < 3000; after_us += 50) {
    const pid_t supervisor = fork();
    if (supervisor == 0) {
      (void)LookIntoQueues(here_.ends(), settings, /*packets=*/false);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(after_us));
    kill(supervisor, SIGKILL);
    while (wait(nullptr) > 0) {
    }
  }
  EXPECT_EQ(GetSettings(here_.slave.get()).value(), settings);
  Type("\n");
  EXPECT_EQ(Input(here_), "line\n|unfinished\n|");
  EXPECT_EQ(Output(here_), "output\r\n");
}

// As much as it takes, whatever the pieces that it came in.
class FullQueuesTest : public QueuesTest, public ::testing::WithParamInterface<size_t> {};

TEST_P(FullQueuesTest, AllOutputComesBack) {
  Change([](TerminalSettings& settings) { settings.oflag = 0; });
  std::string printed;
  for (int number = 0; number < 100000; ++number) {
    std::string piece = std::to_string(number) + " ";
    piece.resize(GetParam(), '.');
    const ssize_t written = write(here_.slave.get(), piece.data(), piece.size());
    if (written <= 0) break;
    printed += piece.substr(0, static_cast<size_t>(written));
    usleep(printed.size() < 6000 ? 2000 : 0);
  }
  ASSERT_GT(printed.size(), 8000u);
  Move();
  EXPECT_EQ(queues_.output.size(), printed.size());
  EXPECT_TRUE(Output(here_) == printed);
  EXPECT_TRUE(Output(moved_) == printed);
}

TEST_P(FullQueuesTest, AllInputComesBack) {
  Change(Raw);
  std::string typed;
  for (int number = 0; number < 100000; ++number) {
    std::string piece = std::to_string(number) + " ";
    piece.resize(GetParam(), '.');
    const ssize_t written = write(here_.master.get(), piece.data(), piece.size());
    if (written <= 0) break;
    typed += piece.substr(0, static_cast<size_t>(written));
    usleep(typed.size() < 6000 ? 2000 : 0);
  }
  ASSERT_GT(typed.size(), 8000u);
  Move();
  EXPECT_EQ(queues_.input.size() + queues_.unprocessed.size(), typed.size());
  EXPECT_TRUE(ReadAll(here_.slave.get()) == typed);
  EXPECT_TRUE(ReadAll(moved_.slave.get()) == typed);
}

INSTANTIATE_TEST_SUITE_P(Pieces, FullQueuesTest, ::testing::Values(10, 80, 1000, 1024, 1792, 2000, 4096));

}  // namespace
}  // namespace tardigrade::pty
