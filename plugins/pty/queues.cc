#include "plugins/pty/queues.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <string_view>
#include <utility>

#include "plugins/pty/settings.h"

#ifndef EXTPROC
#define EXTPROC 0200000
#endif

namespace tardigrade::pty {
namespace {

using Clock = std::chrono::steady_clock;

// drivers/tty/n_tty.c: a buffer of 4096, of which one byte stays free (n_tty_receive_buf_common()).
constexpr size_t kInputBuffer = 4095;
constexpr auto kPatience = std::chrono::seconds(2);
constexpr auto kSoon = std::chrono::milliseconds(20);
constexpr unsigned kSettleUs = 5000;
// What one buffer between both ends is made for at most, half of what it takes (TTY_BUFFER_PAGE).
constexpr size_t kLargestPiece = 1792;

short Poll(int fd) {
  pollfd poller{.fd = fd, .events = POLLIN | POLLOUT, .revents = 0};
  return poll(&poller, 1, /*timeout_ms=*/0) == 1 ? poller.revents : short{0};
}
bool IsReadable(int fd) { return (Poll(fd) & POLLIN) != 0; }
bool IsWritable(int fd) { return (Poll(fd) & POLLOUT) != 0; }

Result<size_t> Unread(int fd) {
  int bytes = 0;
  if (ioctl(fd, FIONREAD, &bytes) != 0) return Error::Errno("FIONREAD");
  return static_cast<size_t>(bytes);
}

// What one end writes reaches the other by a work queue (drivers/tty/tty_buffer.c, flush_to_ldisc()).
bool Await(const std::function<bool()>& done, Clock::duration patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  while (!done()) {
    if (Clock::now() > deadline) return false;
    usleep(50);
  }
  return true;
}

// All of `bytes`, in pieces of that size at most.  Poll says too early that a terminal takes no more
// (tty_buffer_space_avail()), so both ends do not block.
Status Write(int fd, std::string_view bytes, const char* what, size_t piece = kLargestPiece) {
  size_t done = 0;
  const bool all = Await(
      [&] {
        while (done < bytes.size()) {
          const ssize_t written = write(fd, bytes.data() + done, std::min(bytes.size() - done, piece));
          if (written <= 0) break;
          done += static_cast<size_t>(written);
        }
        return done == bytes.size();
      },
      kPatience);
  if (all) return Ok();
  return Error(ErrorCode::kSystem, StrCat("the terminal took ", done, " of ", bytes.size(), " bytes of ", what));
}

// As much as a terminal can ever hold once the reader's buffer is full: by pieces that leave no room
// between them and come to exactly the limit of memory before the last (tty_buffer_alloc(): half of what
// a buffer takes counts, a limit of 8192 for pseudoterminals).
Status WriteBehindFullBuffer(int fd, std::string_view bytes, const char* what) {
  struct Piece {
    size_t bytes;
    int times;
  };
  constexpr Piece kPieces[] = {{513, 1}, {kLargestPiece, 8}, {512, 2}};
  for (const Piece& piece : kPieces) {
    const std::string_view part = bytes.substr(0, piece.bytes * static_cast<size_t>(piece.times));
    RETURN_IF_ERROR(Write(fd, part, what, piece.bytes));
    bytes.remove_prefix(part.size());
  }
  return Write(fd, bytes, what);
}

Status WriteOutput(const Ends& ends, std::string_view output) {
  const std::string_view first = output.substr(0, kInputBuffer);
  RETURN_IF_ERROR(Write(ends.slave, first, "its output"));
  output.remove_prefix(first.size());
  if (output.empty()) return Ok();
  const auto is_full = [&] {
    int unread = 0;
    return ioctl(ends.master, FIONREAD, &unread) == 0 && static_cast<size_t>(unread) >= kInputBuffer;
  };
  if (!Await(is_full, kPatience)) return Error(ErrorCode::kSystem, "the terminal did not take its output");
  return WriteBehindFullBuffer(ends.slave, output, "its output");
}

// --- settings for the moment

// As `settings`, but input is taken as it comes, and output as well.  Whether input is handed on by
// lines stays: a change of that would make one line of all input (n_tty_set_termios()).
TerminalSettings Plain(const TerminalSettings& settings) {
  TerminalSettings plain = settings;
  plain.iflag = 0;
  plain.oflag &= ~static_cast<uint32_t>(OPOST);
  plain.lflag &= ICANON | EXTPROC;
  plain.lflag |= IEXTEN;
  for (const int key : {VINTR, VQUIT, VERASE, VKILL, VEOF, VSUSP, VREPRINT, VWERASE, VLNEXT, VSTART, VSTOP})
    plain.cc[static_cast<size_t>(key)] = _POSIX_VDISABLE;
  return plain;
}

TerminalSettings WithoutLines(TerminalSettings settings) {
  settings.lflag &= ~static_cast<uint32_t>(ICANON);
  settings.cc[VMIN] = 1;
  settings.cc[VTIME] = 0;
  return settings;
}

// Special characters that are no end of a line.
struct Specials {
  char end_of_file, literally, start, stop;
};

Specials ChooseSpecials(const TerminalSettings& settings) {
  std::string free;
  for (char c = 1; free.size() < 4; ++c) {
    if (c != '\n' && c != static_cast<char>(settings.cc[VEOL]) && c != static_cast<char>(settings.cc[VEOL2])) free += c;
  }
  return {free[0], free[1], free[2], free[3]};
}

bool EndsLine(char c, const TerminalSettings& settings) {
  const auto is = [c](uint8_t special) { return special != _POSIX_VDISABLE && c == static_cast<char>(special); };
  return c == '\n' || is(settings.cc[VEOL]) || is(settings.cc[VEOL2]);
}

bool IsWhole(const std::string& line, const TerminalSettings& settings) {
  return !line.empty() && EndsLine(line.back(), settings);
}

// Bytes of the input buffer that a line takes: an end of file takes one.
size_t CostOf(const std::string& line, const TerminalSettings& settings) {
  return line.size() + (IsWhole(line, settings) ? 0 : 1);
}

size_t FilledBy(const Queues& queues, const TerminalSettings& settings) {
  size_t filled = queues.input.size();
  for (const std::string& line : queues.lines) filled += CostOf(line, settings);
  return filled;
}

// --- taking

// The master's own settings are always those of a plain line, so that FIONREAD tells the truth.
Status TakeOutput(int master, std::string& output) {
  while (IsReadable(master)) {
    ASSIGN_OR_RETURN(const size_t unread, Unread(master));
    if (unread == 0) break;
    std::string bytes(unread, '\0');
    const ssize_t got = read(master, bytes.data(), bytes.size());
    if (got <= 0) return Error::Errno("reading a terminal's output");
    output.append(bytes, 0, static_cast<size_t>(got));
  }
  return Ok();
}

// Lets stopped output run.
Status Start(const Ends& ends, const TerminalSettings& settings, Flow& flow) {
  if (IsWritable(ends.slave)) return Ok();
  const uint8_t start = settings.cc[VSTART];
  if ((settings.iflag & IXON) != 0 && start != _POSIX_VDISABLE) {
    RETURN_IF_ERROR(Write(ends.master, std::string(1, static_cast<char>(start)), "flow control"));
    if (Await([&] { return IsWritable(ends.slave); }, kSoon)) {
      flow = Flow::kStoppedByCharacter;
      return Ok();
    }
  }
  if (ioctl(ends.slave, TCXONC, TCOON) != 0) return Error::Errno("TCOON");
  flow = Flow::kStoppedByCall;
  if (Await([&] { return IsWritable(ends.slave); }, kSoon)) return Ok();
  return Error(ErrorCode::kSystem, "the terminal's output does not go on");
}

Status TakeRest(int slave, std::string& input) {
  for (;;) {
    char bytes[kInputBuffer];
    const ssize_t got = read(slave, bytes, sizeof(bytes));
    if (got < 0 && errno != EAGAIN) return Error::Errno("reading a terminal's input");
    if (got > 0) input.append(bytes, static_cast<size_t>(got));
    // Poll waits for what is still on its way.
    if (got <= 0 && !IsReadable(slave)) return Ok();
  }
}

Status TakeLines(int slave, std::vector<std::string>& lines) {
  while (IsReadable(slave)) {
    std::string line(kInputBuffer + 1, '\0');
    const ssize_t got = read(slave, line.data(), line.size());
    if (got < 0) return Error::Errno("reading a terminal's lines");
    line.resize(static_cast<size_t>(got));
    lines.push_back(std::move(line));
    if (lines.size() > 2 * kInputBuffer) return Error(ErrorCode::kInternal, "a terminal's lines do not end");
  }
  return Ok();
}

// What did not fit into the buffer came in only as room was made: it is not part of the lines yet.
void SplitAtBuffer(const TerminalSettings& settings, Queues& queues) {
  size_t filled = 0;
  size_t whole = 0;
  for (; whole < queues.lines.size(); ++whole) {
    const size_t cost = CostOf(queues.lines[whole], settings);
    if (filled + cost > kInputBuffer) break;
    filled += cost;
  }
  std::string rest;
  for (size_t i = whole; i < queues.lines.size(); ++i) rest += queues.lines[i];
  rest += queues.input;
  queues.lines.resize(whole);
  queues.input = rest.substr(0, std::min(rest.size(), kInputBuffer - filled));
  queues.unprocessed = rest.substr(queues.input.size());
}

// Whether there is an unfinished line, which is to be seen only where lines do not matter.  If there is
// none, that was no change: n_tty_set_termios() resets what is empty anyway.
Result<bool> HasUnfinishedLine(int slave, const TerminalSettings& settings) {
  RETURN_IF_ERROR(SetSettings(slave, WithoutLines(settings)));
  ASSIGN_OR_RETURN(const size_t unread, Unread(slave));
  if (unread != 0) return true;
  RETURN_IF_ERROR(SetSettings(slave, settings));
  return false;
}

Status TakeInput(const Ends& ends, const TerminalSettings& settings, Queues& queues, bool& touched) {
  if (IsCanonical(settings)) {
    if (IsReadable(ends.slave)) {
      touched = true;
      RETURN_IF_ERROR(SetSettings(ends.slave, Plain(settings)));
      RETURN_IF_ERROR(TakeLines(ends.slave, queues.lines));
      RETURN_IF_ERROR(SetSettings(ends.slave, WithoutLines(Plain(settings))));
    } else {
      const bool before = std::exchange(touched, true);
      ASSIGN_OR_RETURN(const bool unfinished, HasUnfinishedLine(ends.slave, settings));
      if (!unfinished) {
        touched = before;
        return Ok();
      }
    }
  } else {
    ASSIGN_OR_RETURN(const size_t unread, Unread(ends.slave));
    if (unread == 0) return Ok();
    touched = true;
    RETURN_IF_ERROR(SetSettings(ends.slave, WithoutLines(Plain(settings))));
  }
  RETURN_IF_ERROR(TakeRest(ends.slave, queues.input));
  SplitAtBuffer(settings, queues);
  return Ok();
}

// --- putting

std::string Quote(const std::string& bytes, const Specials& specials, const TerminalSettings& settings) {
  std::string quoted;
  for (const char c : bytes) {
    const bool special = EndsLine(c, settings) || c == specials.end_of_file || c == specials.literally ||
                         c == specials.start || c == specials.stop;
    if (special) quoted += specials.literally;
    quoted += c;
  }
  return quoted;
}

// The lines come out as they were: by their own last character, or by an end of file.  An unfinished one
// can be edited as if it had been typed.
Status PutLines(const Ends& ends, const TerminalSettings& settings, const Queues& queues) {
  const Specials specials = ChooseSpecials(settings);
  TerminalSettings plain = Plain(settings);
  plain.iflag |= IXON;
  plain.cc[VEOF] = static_cast<uint8_t>(specials.end_of_file);
  plain.cc[VLNEXT] = static_cast<uint8_t>(specials.literally);
  plain.cc[VSTART] = static_cast<uint8_t>(specials.start);
  plain.cc[VSTOP] = static_cast<uint8_t>(specials.stop);
  RETURN_IF_ERROR(SetSettings(ends.slave, plain));
  std::string typed;
  for (const std::string& line : queues.lines) {
    const bool whole = IsWhole(line, settings);
    typed += Quote(whole ? line.substr(0, line.size() - 1) : line, specials, settings);
    typed += whole ? line.back() : specials.end_of_file;
  }
  typed += Quote(queues.input, specials, settings);
  if (FilledBy(queues, settings) >= kInputBuffer) {
    // No more gets in, not even what is to tell that all is.
    RETURN_IF_ERROR(Write(ends.master, typed, "its input"));
    usleep(kSettleUs);
    return Ok();
  }
  // Nothing tells when an unfinished line is in, but what is typed after it does.
  RETURN_IF_ERROR(Write(ends.master, typed + specials.stop, "its input"));
  bool in = Await([&] { return !IsWritable(ends.slave); }, kPatience);
  RETURN_IF_ERROR(Write(ends.master, std::string(1, specials.start), "its input"));
  in = in && Await([&] { return IsWritable(ends.slave); }, kPatience);
  return in ? Ok() : Status(Error(ErrorCode::kSystem, "the terminal did not take its input"));
}

Status PutBytes(const Ends& ends, const TerminalSettings& settings, const std::string& input) {
  RETURN_IF_ERROR(SetSettings(ends.slave, Plain(settings)));
  RETURN_IF_ERROR(Write(ends.master, input, "its input"));
  const auto is_in = [&] {
    const Result<size_t> unread = Unread(ends.slave);
    return unread.has_value() && unread.value() >= input.size();
  };
  return Await(is_in, kPatience) ? Ok() : Status(Error(ErrorCode::kSystem, "the terminal did not take its input"));
}

Status Stop(const Ends& ends, const TerminalSettings& settings, Flow flow) {
  if (flow == Flow::kStoppedByCall) {
    if (ioctl(ends.slave, TCXONC, TCOOFF) != 0) return Error::Errno("TCOOFF");
  } else if (flow == Flow::kStoppedByCharacter) {
    RETURN_IF_ERROR(Write(ends.master, std::string(1, static_cast<char>(settings.cc[VSTOP])), "flow control"));
    (void)Await([&] { return !IsWritable(ends.slave); }, kSoon);
  }
  return Ok();
}

}  // namespace

Status TakeQueues(const Ends& ends, const TerminalSettings& settings, Queues& queues, bool& touched) {
  touched = IsReadable(ends.master);
  RETURN_IF_ERROR(TakeOutput(ends.master, queues.output));
  if (!IsWritable(ends.slave)) {
    touched = true;
    RETURN_IF_ERROR(Start(ends, settings, queues.flow));
    // Echoes that waited for it.
    RETURN_IF_ERROR(TakeOutput(ends.master, queues.output));
  }
  return TakeInput(ends, settings, queues, touched);
}

Status PutQueues(const Ends& ends, const TerminalSettings& settings, const Queues& queues) {
  if (!IsCanonical(settings)) {
    RETURN_IF_ERROR(PutBytes(ends, settings, queues.input));
  } else if (!queues.lines.empty() || !queues.input.empty()) {
    RETURN_IF_ERROR(PutLines(ends, settings, queues));
  }
  if (!queues.output.empty()) {
    RETURN_IF_ERROR(SetSettings(ends.slave, Plain(settings)));
    RETURN_IF_ERROR(WriteOutput(ends, queues.output));
  }
  RETURN_IF_ERROR(SetSettings(ends.slave, settings));
  RETURN_IF_ERROR(WriteBehindFullBuffer(ends.master, queues.unprocessed, "its input"));
  return Stop(ends, settings, queues.flow);
}

}  // namespace tardigrade::pty
