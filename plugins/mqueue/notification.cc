#include "plugins/mqueue/notification.h"

#include <mqueue.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "plugins/mqueue/open_queue.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::mqueue {
namespace {

constexpr const char* kInfo = "mqueue_inode_info";  // ipc/mqueue.c

Error Refuse(const FdFacts& file, const Asked& asked, std::string_view why) {
  return Error(ErrorCode::kUnsupported,
               StrCat("process ", asked.pid, " wants to be notified of messages in the queue ",
                      file.link, " (mq_notify), ", why));
}

bool HasTableOf(const FdFacts& file, pid_t pid) {
  return file.pid == pid ||
         (file.job != nullptr && file.job->InnerSharer(pid, file.pid).has_value());
}

// The kernel's struct of the queue.
Result<uint64_t> InfoOf(const KernelMemory& memory, int local_fd) {
  ASSIGN_OR_RETURN(const uint64_t open_file, memory.FileOf(local_fd));
  ASSIGN_OR_RETURN(const auto inode, memory.Member<uint64_t>(open_file, "file", "f_inode"));
  ASSIGN_OR_RETURN(const size_t inode_at, memory.btf().OffsetOf(kInfo, "vfs_inode"));
  return inode - inode_at;
}

// A signal is for the program that asked for it only: one that was executed since gets none.
// ipc/mqueue.c, __do_notify().
Result<bool> HasExecuted(const KernelMemory& memory, uint64_t info) {
  ASSIGN_OR_RETURN(const auto asked, memory.Member<uint32_t>(info, kInfo, "notify_self_exec_id"));
  ASSIGN_OR_RETURN(const auto pid, memory.Member<uint64_t>(info, kInfo, "notify_owner"));
  ASSIGN_OR_RETURN(const size_t heads_at, memory.btf().OffsetOf("pid", "tasks"));
  ASSIGN_OR_RETURN(const size_t links_at, memory.btf().OffsetOf("task_struct", "pid_links"));
  constexpr uint64_t kThreadGroup = 1;  // PIDTYPE_TGID: a pointer in `tasks`, two in `pid_links`.
  ASSIGN_OR_RETURN(const auto link, memory.Read<uint64_t>(pid + heads_at + 8 * kThreadGroup));
  ASSIGN_OR_RETURN(const auto now, memory.Member<uint32_t>(link - links_at - 16 * kThreadGroup,
                                                           "task_struct", "self_exec_id"));
  return now != asked;
}

// The inode of the socket that is told; 0 if it has no descriptor any more.
Result<uint64_t> SocketInode(const KernelMemory& memory, uint64_t info) {
  ASSIGN_OR_RETURN(const auto sock, memory.Member<uint64_t>(info, kInfo, "notify_sock"));
  ASSIGN_OR_RETURN(const auto socket, memory.Member<uint64_t>(sock, "sock", "sk_socket"));
  if (socket == 0) return uint64_t{0};
  ASSIGN_OR_RETURN(const auto open_file, memory.Member<uint64_t>(socket, "socket", "file"));
  if (open_file == 0) return uint64_t{0};
  ASSIGN_OR_RETURN(const auto inode, memory.Member<uint64_t>(open_file, "file", "f_inode"));
  return memory.Member<uint64_t>(inode, "inode", "i_ino");
}

// The lowest number that a process has for a socket; -1 if it has none.
int FindSocket(pid_t pid, uint64_t inode) {
  const std::string wanted = StrCat("socket:[", inode, "]");
  int lowest = -1;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(StrCat("/proc/", pid, "/fd"), failed), end;
       !failed && it != end; it.increment(failed)) {
    const Result<std::string> link = ReadLink(it->path());
    const int fd = std::atoi(it->path().filename().c_str());
    if (link.has_value() && link.value() == wanted && (lowest < 0 || fd < lowest)) lowest = fd;
  }
  return lowest;
}

Status ReadThread(const FdFacts& file, const Asked& asked, const KernelMemory& memory,
                  uint64_t info, NotificationState& state) {
  ASSIGN_OR_RETURN(const uint64_t inode, SocketInode(memory, info));
  state.signal = FindSocket(file.pid, inode);
  if (inode == 0 || state.signal < 0)
    return Refuse(file, asked,
                  "by a socket that it does not have open (any more); cancel it first");
  ASSIGN_OR_RETURN(const auto message, memory.Member<uint64_t>(info, kInfo, "notify_cookie"));
  ASSIGN_OR_RETURN(const auto data, memory.Member<uint64_t>(message, "sk_buff", "data"));
  return memory.Read(data, std::as_writable_bytes(std::span(state.cookie)));
}

Result<NotificationState> ReadNotification(const FdFacts& file, const Asked& asked) {
  NotificationState state;
  state.notify = asked.notify;
  if (asked.notify == SIGEV_NONE) return state;
  Result<KernelMemory> memory = KernelMemory::Open();
  if (!memory.has_value())
    return std::move(memory).error().While(
        StrCat("process ", asked.pid, " wants to be notified of messages in the queue ", file.link,
               " (mq_notify), with a value that only root can see (CAP_BPF and CAP_PERFMON); "
               "cancel it first, or "
               "wait for messages with mq_receive or poll"));
  ASSIGN_OR_RETURN(const uint64_t info, InfoOf(memory.value(), file.local_fd));
  if (asked.notify == SIGEV_THREAD) {
    RETURN_IF_ERROR(ReadThread(file, asked, memory.value(), info, state));
    return state;
  }
  state.signal = asked.signal;
  ASSIGN_OR_RETURN(const bool has_executed, HasExecuted(memory.value(), info));
  if (has_executed)
    return Refuse(file, asked,
                  "but has executed another program since, which gets no signal; cancel it first");
  ASSIGN_OR_RETURN(state.value, memory.value().Member<uint64_t>(info, kInfo, "notify"));
  return state;
}

// Whether `file` is the descriptor, of several of the same queue, by which is asked again.
bool IsLowest(const FdFacts& file) {
  for (int fd = 0; fd < file.fd; ++fd) {
    struct stat other = {};
    if (stat(StrCat("/proc/", file.pid, "/fd/", fd).c_str(), &other) == 0 &&
        other.st_dev == file.stat.st_dev && other.st_ino == file.stat.st_ino)
      return false;
  }
  return true;
}

}  // namespace

// "QSIZE:5          NOTIFY:0     SIGNO:10    NOTIFY_PID:4711  ": mqueue_read_file().
Result<std::optional<Asked>> WhoAsked(const FdFacts& file) {
  ASSIGN_OR_RETURN(const ScopedFd readable, OpenQueue(file));
  char text[128] = "";
  if (pread(readable.get(), text, sizeof(text) - 1, 0) < 0)
    return Error::Errno("reading the status of ", file.link);
  uint64_t bytes = 0;
  Asked asked;
  if (std::sscanf(text, "QSIZE:%" SCNu64 " NOTIFY:%d SIGNO:%d NOTIFY_PID:%d", &bytes, &asked.notify,
                  &asked.signal, &asked.pid) != 4)
    return Error(ErrorCode::kInternal, StrCat("the status of ", file.link, ": \"", text, "\""));
  return asked.pid == 0 ? std::nullopt : std::optional(asked);
}

Status CheckNotification(const FdFacts& file, std::span<const FdFacts> all) {
  ASSIGN_OR_RETURN(const std::optional<Asked> asked, WhoAsked(file));
  if (!asked.has_value()) return Ok();
  mq_attr attributes = {};
  if (mq_getattr(file.local_fd, &attributes) != 0) return Error::Errno("mq_getattr");
  if (attributes.mq_maxmsg == 1 && attributes.mq_curmsgs == 1)
    return Refuse(
        file, *asked,
        "which has no room beside its message, so that this cannot be looked at unnoticed; "
        "receive it first");
  for (const FdFacts& other : all) {
    if (other.fd < 0 || other.stat.st_dev != file.stat.st_dev ||
        other.stat.st_ino != file.stat.st_ino || !HasTableOf(other, asked->pid))
      continue;
    RETURN_IF_ERROR(ReadNotification(other, *asked));
    return Ok();
  }
  return Refuse(file, *asked, "and is not saved along with a descriptor of it; cancel it first");
}

Result<Value> CollectNotification(const FdFacts& file) {
  ASSIGN_OR_RETURN(const std::optional<Asked> asked, WhoAsked(file));
  if (!asked.has_value() || !HasTableOf(file, asked->pid) || !IsLowest(file)) return Value();
  ASSIGN_OR_RETURN(NotificationState state, ReadNotification(file, *asked));
  if (asked->pid != file.pid) state.sharer = *file.job->InnerSharer(asked->pid, file.pid);
  return Encode(state);
}

Status PlanNotification(const Value& of_process, int fd, int32_t sharer, SyscallPlan& plan) {
  if (of_process.IsNull()) return Ok();
  ASSIGN_OR_RETURN(const NotificationState state,
                   Decode<NotificationState>(of_process, "of_process"));
  if (state.sharer != sharer) return Ok();
  sigevent event = {};
  event.sigev_notify = state.notify;
  event.sigev_signo = state.signal;
  std::memcpy(&event.sigev_value, &state.value, sizeof(state.value));
  static_assert(offsetof(sigevent, sigev_value) == 0);
  Arg argument = Arg::Copy(event);
  if (state.notify == SIGEV_THREAD)
    argument = std::move(argument).With(0, Arg::Bytes(std::as_bytes(std::span(state.cookie))));
  plan.Add("asking to be notified of messages in a queue", SYS_mq_notify,
           {fd, std::move(argument)});
  return Ok();
}

}  // namespace tardigrade::mqueue
