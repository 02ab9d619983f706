#include "plugins/epoll/epoll_kind.h"

#include <linux/kcmp.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

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

const FdFacts* Find(std::span<const FdFacts> all, int fd) {
  for (const FdFacts& file : all)
    if (file.fd == fd) return &file;
  return nullptr;
}

// Whether the `nth` entry under the number is about the file that has the number now.
bool IsSameFile(const FdFacts& instance, const EpollLine& line, uint32_t nth, const FdFacts& now) {
  kcmp_epoll_slot slot{.efd = static_cast<uint32_t>(instance.fd),
                       .tfd = static_cast<uint32_t>(line.entry.fd),
                       .toff = nth};
  const long order =
      syscall(SYS_kcmp, instance.pid, instance.pid, KCMP_EPOLL_TFD, line.entry.fd, &slot);
  if (order >= 0) return order == 0;
  // Without CONFIG_KCMP.  All files of the anonymous inode look alike then.
  return line.inode == now.stat.st_ino && line.device == now.stat.st_dev;
}

Status CheckEntries(const FdFacts& file, const std::vector<EpollLine>& lines,
                    std::span<const FdFacts> all) {
  std::map<int32_t, uint32_t> seen;
  for (const EpollLine& line : lines) {
    const uint32_t nth = seen[line.entry.fd]++;
    const FdFacts* const now = Find(all, line.entry.fd);
    if (now != nullptr && IsSameFile(file, line, nth, *now)) continue;
    return Error(
        ErrorCode::kUnsupported,
        StrCat("the epoll instance fd ", file.fd, " watches a file added as fd ", line.entry.fd,
               now == nullptr ? ", which was closed since but is open elsewhere"
                              : ", which is another file now",
               "; remove it with EPOLL_CTL_DEL before closing it"));
  }
  return Ok();
}

void PlanEntry(const EpollEntry& entry, int fd, SyscallPlan& plan) {
  epoll_event event = {};
  event.events = entry.events;
  event.data.u64 = entry.data;
  plan.Add(StrCat("watching fd ", entry.fd, " with epoll instance fd ", fd), SYS_epoll_ctl,
           {fd, EPOLL_CTL_ADD, entry.fd, Arg::Copy(event)});
}

}  // namespace

Status EpollKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  ASSIGN_OR_RETURN(const std::vector<EpollLine> lines, ParseEpoll(file.info));
  return CheckEntries(file, lines, all);
}

Result<Value> EpollKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                 CollectContext&) const {
  EpollState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(const std::vector<EpollLine> lines, ParseEpoll(file.info));
  for (const EpollLine& line : lines) state.entries.push_back(line.entry);
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
