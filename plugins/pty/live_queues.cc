#include "plugins/pty/live_queues.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "plugins/pty/settings.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::pty {
namespace {

// Whether nothing is under way, as far as can be told without a change.
bool IsQuiet(const Ends& ends, const TerminalSettings& settings) {
  if (IsCanonical(settings)) return false;  // An unfinished line does not show.
  int unread = 0;
  if (ioctl(ends.slave, FIONREAD, &unread) != 0 || unread != 0) return false;
  pollfd pollers[] = {{.fd = ends.master, .events = POLLIN, .revents = 0},
                      {.fd = ends.slave, .events = POLLOUT, .revents = 0}};
  if (poll(pollers, 2, /*timeout_ms=*/0) < 0) return false;
  return (pollers[0].revents & POLLIN) == 0 && (pollers[1].revents & POLLOUT) != 0;
}

// --- how the child tells: numbers of four bytes and strings with their length before them.

void Append(std::string& out, uint32_t number) { out.append(reinterpret_cast<const char*>(&number), sizeof(number)); }
void Append(std::string& out, const std::string& bytes) {
  Append(out, static_cast<uint32_t>(bytes.size()));
  out += bytes;
}

bool Take(std::string_view& in, uint32_t& number) {
  if (in.size() < sizeof(number)) return false;
  std::memcpy(&number, in.data(), sizeof(number));
  in.remove_prefix(sizeof(number));
  return true;
}
bool Take(std::string_view& in, std::string& bytes) {
  uint32_t size = 0;
  if (!Take(in, size) || in.size() < size) return false;
  bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

std::string Pack(const Status& status, const Queues& queues) {
  std::string out;
  Append(out, status.has_value() ? std::string() : status.error().ToString());
  Append(out, queues.output);
  Append(out, static_cast<uint32_t>(queues.lines.size()));
  for (const std::string& line : queues.lines) Append(out, line);
  Append(out, queues.input);
  Append(out, queues.unprocessed);
  Append(out, static_cast<uint32_t>(queues.flow));
  return out;
}

Result<Queues> Unpack(std::string_view in) {
  Queues queues;
  std::string error;
  uint32_t lines = 0;
  bool good = Take(in, error) && Take(in, queues.output) && Take(in, lines);
  for (uint32_t i = 0; good && i < lines; ++i) good = Take(in, queues.lines.emplace_back());
  uint32_t flow = 0;
  good = good && Take(in, queues.input) && Take(in, queues.unprocessed) && Take(in, flow);
  queues.flow = static_cast<Flow>(flow);
  if (!good) return Error(ErrorCode::kInternal, "the process that looked into a terminal died");
  if (!error.empty()) return Error(ErrorCode::kSystem, error);
  return queues;
}

// --- in the child

Status TakeAndPut(const Ends& ends, const TerminalSettings& settings, bool packets, Queues& queues) {
  const int off = 0;
  const int on = 1;
  const int flags = fcntl(ends.master, F_GETFL);
  if (flags < 0 || fcntl(ends.master, F_SETFL, flags | O_NONBLOCK) != 0) return Error::Errno("F_SETFL");
  if (packets && ioctl(ends.master, TIOCPKT, &off) != 0) return Error::Errno("TIOCPKT");
  bool touched = false;
  const Status taken = TakeQueues(ends, settings, queues, touched);
  const Status put = touched ? PutQueues(ends, settings, queues) : Ok();
  if (packets && ioctl(ends.master, TIOCPKT, &on) != 0) return Error::Errno("TIOCPKT");
  if (fcntl(ends.master, F_SETFL, flags) != 0) return Error::Errno("F_SETFL");
  return taken.has_value() ? put : taken;
}

[[noreturn]] void RunChild(const Ends& ends, const TerminalSettings& settings, bool packets, int report) {
  // Whoever ends the supervisor's process group means not this one.
  setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  Queues queues;
  const Status done = TakeAndPut(ends, settings, packets, queues);
  const std::string packed = Pack(done, queues);
  for (size_t at = 0; at < packed.size();) {
    const ssize_t written = write(report, packed.data() + at, packed.size() - at);
    if (written <= 0) break;
    at += static_cast<size_t>(written);
  }
  _exit(0);
}

std::string ReadAll(int fd) {
  std::string all;
  char piece[4096];
  ssize_t got = 0;
  while ((got = read(fd, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) all.append(piece, static_cast<size_t>(got));
  }
  return all;
}

}  // namespace

Result<Queues> LookIntoQueues(const Ends& ends, const TerminalSettings& settings, bool packets) {
  if (IsQuiet(ends, settings)) return Queues();
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return Error::Errno("pipe2");
  const ScopedFd reading(pipe_ends[0]);
  ScopedFd writing(pipe_ends[1]);
  const pid_t child = fork();
  if (child < 0) return Error::Errno("making a process to look into a terminal");
  if (child == 0) RunChild(ends, settings, packets, writing.get());
  writing.Reset();
  const std::string packed = ReadAll(reading.get());
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return Unpack(packed);
}

}  // namespace tardigrade::pty
