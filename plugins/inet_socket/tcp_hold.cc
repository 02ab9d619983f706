#include "plugins/inet_socket/tcp_hold.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "supervisor/base/close_fds.h"

namespace tardigrade::inet_socket {
namespace {

// What the keeper is told, a byte each.
constexpr char kKillIsNext = 'k';
constexpr char kGo = 'g';

constexpr int kPatienceMs = 10'000;  // For the keeper to read all.
constexpr int kDyingMs = 3'000;      // Of a job that may have been killed.

char ReadWord(int fd) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = read(fd, &word, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? word : '\0';
}

size_t RoomFor(const HeldSocket& socket) {
  int queued = 0;
  (void)ioctl(socket.fd.get(), SIOCOUTQ, &queued);
  return static_cast<size_t>(queued) + kSegmentRoom;
}

bool HasEnded(int pidfd, int patience_ms) {
  pollfd process{.fd = pidfd, .events = POLLIN, .revents = 0};
  return poll(&process, 1, patience_ms) == 1;
}

}  // namespace

Result<std::string> NewTableName() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) return Error::Errno("getrandom");
  char text[17];
  std::snprintf(text, sizeof(text), "%016lx", static_cast<unsigned long>(number));
  return StrCat(kTablePrefix, text);
}

Result<std::unique_ptr<TcpHold>> TcpHold::Start(std::vector<HeldSocket> sockets, pid_t job,
                                                uint32_t hold_s) {
  ASSIGN_OR_RETURN(NfTables filter, NfTables::Open());
  RETURN_IF_ERROR(filter.RemoveRunOut(kTablePrefix));
  std::unique_ptr<TcpHold> hold(new TcpHold(std::move(sockets), hold_s, std::move(filter)));
  ASSIGN_OR_RETURN(hold->own_name_, NewTableName());
  ASSIGN_OR_RETURN(hold->name_, NewTableName());
  std::vector<TcpFlow> flows;
  for (const HeldSocket& socket : hold->sockets_) flows.push_back(socket.flow);
  RETURN_IF_ERROR(hold->filter_.HoldOff(hold->own_name_, flows, 0), "holding packets off");
  RETURN_IF_ERROR(hold->MakeRoom());
  RETURN_IF_ERROR(hold->StartKeeper(job));
  return hold;
}

// Nothing of it is there before it is written to.
Status TcpHold::MakeRoom() {
  size_t bytes = sockets_.size() * sizeof(TcpReading);
  for (const HeldSocket& socket : sockets_) bytes += RoomFor(socket);
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return Error::Errno("making room for the send queues of connections");
  shared_ = static_cast<std::byte*>(memory);
  shared_bytes_ = bytes;
  size_t at = sockets_.size() * sizeof(TcpReading);
  for (HeldSocket& socket : sockets_) {
    socket.queue = std::span(shared_ + at, RoomFor(socket));
    at += socket.queue.size();
  }
  return Ok();
}

Status TcpHold::StartKeeper(pid_t job) {
  int ends[2], finished[2];
  // No pipe: writing to a keeper that is gone would be a signal.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error::Errno("socketpair");
  const ScopedFd theirs(ends[0]);
  lifeline_.Reset(ends[1]);
  if (pipe2(finished, O_CLOEXEC) != 0) return Error::Errno("pipe2");
  const ScopedFd ours(finished[0]);
  ScopedFd its(finished[1]);
  const ScopedFd process(job > 0 ? static_cast<int>(syscall(SYS_pidfd_open, job, 0)) : -1);
  keeper_ = fork();
  if (keeper_ < 0) return Error::Errno("forking who keeps the job's connections");
  if (keeper_ == 0) Keep(theirs.get(), its.get(), process.get());
  its.Reset();
  return AwaitReading(ours.get());
}

Status TcpHold::AwaitReading(int finished) {
  pollfd done{.fd = finished, .events = POLLIN, .revents = 0};
  if (poll(&done, 1, kPatienceMs) != 1 || ReadWord(finished) != kGo)
    return Error(ErrorCode::kSystem, "who reads the job's connections does not answer");
  const auto* readings = reinterpret_cast<const TcpReading*>(shared_);
  for (HeldSocket& socket : sockets_) {
    socket.reading = *readings++;
    const TcpReading& reading = socket.reading;
    if (reading.error == EAGAIN)
      return Error(ErrorCode::kUnsupported, "a connection does not come to rest; try again")
          .Passing();
    if (reading.error != 0)
      return Error::Syscall(ErrorCode::kSystem, reading.error,
                            StrCat("reading a connection: ", reading.step));
    socket.queue = socket.queue.first(reading.queued);
  }
  return Ok();
}

void TcpHold::ReadAll() {
  auto* reading = reinterpret_cast<TcpReading*>(shared_);
  for (const HeldSocket& socket : sockets_) {
    const std::span<std::byte> buffer(const_cast<std::byte*>(socket.queue.data()),
                                      socket.queue.size());
    ReadInRepair(socket.fd.get(), socket.reuse_address, buffer, *new (reading++) TcpReading);
  }
}

void TcpHold::Keep(int lifeline, int finished, int job) {
  setsid();  // Signals to the caller's group are not for it.
  std::vector<int> mine = {lifeline, finished, filter_.fd()};
  if (job >= 0) mine.push_back(job);
  for (const HeldSocket& socket : sockets_) mine.push_back(socket.fd.get());
  // The caller's files, and locks on them, are to go when it goes.
  CloseAllBut(std::move(mine));
  ReadAll();
  (void)!write(finished, &kGo, 1);
  const char first = ReadWord(lifeline);
  const bool kill_was_next = first == kKillIsNext;
  if (first == kGo || (kill_was_next && ReadWord(lifeline) == kGo)) _exit(0);
  // The supervisor is gone.
  if (kill_was_next && job >= 0 && HasEnded(job, kDyingMs)) {
    for (const HeldSocket& socket : sockets_) (void)StartRepair(socket.fd.get());
    _exit(0);
  }
  for (const HeldSocket& socket : sockets_) EndRepair(socket.fd.get(), socket.reuse_address);
  if (kill_was_next) {
    Result<NfTables> filter = NfTables::Open();
    if (filter.has_value()) (void)filter.value().Remove(name_);
  }
  _exit(0);
}

const HeldSocket* TcpHold::Find(uint64_t inode) const {
  for (const HeldSocket& socket : sockets_) {
    if (socket.inode == inode) return &socket;
  }
  return nullptr;
}

Status TcpHold::PrepareForKill() {
  for (const HeldSocket& socket : sockets_) {
    if (socket.reading.progress != ProgressOf(socket.fd.get()))
      return Error(ErrorCode::kSystem,
                   StrCat("packets of the connection to port ", socket.flow.remote.port,
                          " came through the packet filter"));
  }
  std::vector<TcpFlow> flows;
  for (const HeldSocket& socket : sockets_) flows.push_back(socket.flow);
  if (send(lifeline_.get(), &kKillIsNext, 1, MSG_NOSIGNAL) != 1)
    return Error::Errno("telling who keeps the job's connections");
  leased_ = true;
  return filter_.HoldOff(name_, flows, hold_s_);
}

// Closed in repair, a socket is gone without a word (tcp_close(), net/ipv4/tcp.c).
void TcpHold::Killed() {
  for (const HeldSocket& socket : sockets_) (void)StartRepair(socket.fd.get());
  killed_ = true;
}

void TcpHold::DismissKeeper() {
  if (keeper_ <= 0) return;
  // Whether or not it hears: what it would do does no harm.
  if (send(lifeline_.get(), &kGo, 1, MSG_NOSIGNAL) < 0) lifeline_.Reset();
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    // Once more.
  }
}

TcpHold::~TcpHold() {
  if (!killed_) {
    // For a keeper that was killed itself.
    for (const HeldSocket& socket : sockets_) EndRepair(socket.fd.get(), socket.reuse_address);
    if (leased_) (void)filter_.Remove(name_);
  }
  DismissKeeper();
  if (shared_ != nullptr) munmap(shared_, shared_bytes_);
}

}  // namespace tardigrade::inet_socket
