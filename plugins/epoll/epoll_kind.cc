#include "plugins/epoll/epoll_kind.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "plugins/epoll/epoll_state.h"

namespace tardigrade::epoll {
namespace {

// What epoll_ctl(2) keeps of a one-shot entry that has fired: EP_PRIVATE_BITS, fs/eventpoll.c.
constexpr uint32_t kPrivateBits =
    uint32_t{EPOLLONESHOT} | uint32_t{EPOLLET} | EPOLLWAKEUP | EPOLLEXCLUSIVE;

bool HasFired(const EpollEntry& entry) {
  return (entry.events & EPOLLONESHOT) != 0 && (entry.events & ~kPrivateBits) == 0;
}

// Numbers in an interest list are those of a process that holds the instance.
const FdFacts* Find(std::span<const FdFacts> all, pid_t pid, int fd) {
  for (const FdFacts& file : all)
    if (file.pid == pid && file.fd == fd) return &file;
  return nullptr;
}

// Whether the `nth` entry under the number is about `file`.
bool IsAbout(const FdFacts& instance, const EpollLine& line, uint32_t nth, const FdFacts& file) {
  if (line.inode != file.stat.st_ino || line.device != file.stat.st_dev) return false;
  kcmp_epoll_slot slot{.efd = static_cast<uint32_t>(instance.fd),
                       .tfd = static_cast<uint32_t>(line.entry.fd),
                       .toff = nth};
  const long order = syscall(SYS_kcmp, instance.pid, instance.pid, KCMP_EPOLL_TFD, file.fd, &slot);
  // Without CONFIG_KCMP the inode has to do; all files of the anonymous inode look alike then.
  return order == 0 || (order < 0 && file.fd == line.entry.fd);
}

// The interest list, with what became of the numbers.
Result<std::vector<EpollEntry>> ReadEntries(const FdFacts& file, std::span<const FdFacts> all) {
  ASSIGN_OR_RETURN(const std::vector<EpollLine> lines, ParseEpoll(file.info));
  std::vector<EpollEntry> entries;
  std::map<int32_t, uint32_t> seen;
  for (const EpollLine& line : lines) {
    const uint32_t nth = seen[line.entry.fd]++;
    EpollEntry entry = line.entry;
    const FdFacts* const now = Find(all, file.pid, entry.fd);
    if (now == nullptr || !IsAbout(file, line, nth, *now)) {
      const auto moved = std::find_if(all.begin(), all.end(), [&](const FdFacts& other) {
        return other.pid == file.pid && IsAbout(file, line, nth, other);
      });
      if (moved == all.end())
        return Error(ErrorCode::kUnsupported,
                     StrCat("the epoll instance fd ", file.fd, " watches a file added as fd ",
                            entry.fd,
                            ", which was closed since and is open in another process only; remove "
                            "it with EPOLL_CTL_DEL before closing it"));
      entry.moved_to = moved->fd;
      entry.fd_is_taken = now != nullptr;
      // At restore the file visits a number that is free in the job: there another process of the table
      // may still have what its memory is read from.
      if (!entry.fd_is_taken && file.job != nullptr && file.job->SharesTable(file.pid))
        return Error(ErrorCode::kUnsupported,
                     StrCat("the epoll instance fd ", file.fd, " watches a file added as fd ", entry.fd,
                            ", which was closed since, in a descriptor table that several processes "
                            "share (CLONE_FILES); remove it with EPOLL_CTL_DEL before closing it"));
    }
    entries.push_back(entry);
  }
  return entries;
}

void PlanEntry(const EpollEntry& entry, int fd, SyscallPlan& plan) {
  epoll_event event = {};
  event.events = entry.events;
  event.data.u64 = entry.data;
  const std::string label = StrCat("watching fd ", entry.fd, " with epoll instance fd ", fd);
  const auto add = [&](Arg instance) {
    plan.Add(label, SYS_epoll_ctl,
             {std::move(instance), EPOLL_CTL_ADD, entry.fd, Arg::Copy(event)});
  };
  if (entry.moved_to < 0) return add(fd);
  // The file visits its old number.  Who lives there now, maybe the instance itself, steps aside.
  if (!entry.fd_is_taken) {
    plan.Add(label, SYS_dup3, {entry.moved_to, entry.fd, 0});
    add(fd);
    plan.Add(label, SYS_close, {entry.fd});
    return;
  }
  const size_t flags = plan.Add(label, SYS_fcntl, {entry.fd, F_GETFD});
  const size_t aside = plan.Add(label, SYS_fcntl, {entry.fd, F_DUPFD, 0});
  plan.Add(label, SYS_dup3, {entry.moved_to, entry.fd, 0});
  add(entry.fd == fd ? Arg::ResultOf(aside) : Arg(fd));
  plan.Add(label, SYS_dup3, {Arg::ResultOf(aside), entry.fd, 0});
  plan.Add(label, SYS_fcntl, {entry.fd, F_SETFD, Arg::ResultOf(flags)});
  plan.Add(label, SYS_close, {Arg::ResultOf(aside)});
}

}  // namespace

Status EpollKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  RETURN_IF_ERROR(ReadEntries(file, all));
  return Ok();
}

Result<Value> EpollKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                 CollectContext&) const {
  EpollState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.entries, ReadEntries(file, all));
  return Encode(state);
}

Result<ScopedFd> EpollKind::Create(const Value& value, CreateContext&) const {
  ASSIGN_OR_RETURN(const EpollState state, Decode<EpollState>(value, "epoll"));
  ScopedFd fd(epoll_create1(EPOLL_CLOEXEC));
  if (!fd.valid()) return Error::Errno("epoll_create1");
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status EpollKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const EpollState state, Decode<EpollState>(value, "epoll"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Status EpollKind::PlanBeforeLocks(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const EpollState state, Decode<EpollState>(value, "epoll"));
  // Those that have fired come first: a wait while nothing else is there takes the one report of an
  // error or hangup that is present already.
  for (const EpollEntry& entry : state.entries) {
    if (!HasFired(entry)) continue;
    PlanEntry(entry, fd, plan);
    plan.Ask("silencing a one-shot entry", SYS_epoll_wait,
             {fd, Arg::Out(sizeof(epoll_event)), 1, 0});
  }
  for (const EpollEntry& entry : state.entries)
    if (!HasFired(entry)) PlanEntry(entry, fd, plan);
  return Ok();
}

}  // namespace tardigrade::epoll
