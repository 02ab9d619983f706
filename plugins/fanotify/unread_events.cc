#include "plugins/fanotify/unread_events.h"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>

#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::fanotify {
namespace {

constexpr uint32_t kUnprivilegedGroup = 0x80000000;  // FANOTIFY_UNPRIV, linux/fanotify.h
// FANOTIFY_FID_BITS: without any of these a group takes CAP_SYS_ADMIN, as it does with those below.
constexpr uint32_t kReportsIds =
    FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME | FAN_REPORT_TARGET_FID;
constexpr uint32_t kPrivilegedFlags = FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT | FAN_REPORT_TID |
                                      FAN_REPORT_PIDFD | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS |
                                      FAN_ENABLE_AUDIT;
constexpr size_t kMostEvents = size_t{4} << 20;

Result<size_t> CountAll(int local_fd) {
  int bytes = 0;
  if (ioctl(local_fd, FIONREAD, &bytes) != 0) return Error::Errno("FIONREAD of a fanotify group");
  return static_cast<size_t>(bytes) / FAN_EVENT_METADATA_LEN;
}

// The struct pid of the caller: task_struct::signal->pids[PIDTYPE_TGID].
Result<uint64_t> OwnPid(const KernelMemory& memory) {
  ASSIGN_OR_RETURN(const uint64_t task, memory.CurrentTask());
  ASSIGN_OR_RETURN(const auto signal, memory.Member<uint64_t>(task, "task_struct", "signal"));
  ASSIGN_OR_RETURN(const size_t pids, memory.btf().OffsetOf("signal_struct", "pids"));
  constexpr size_t kThreadGroup = 1;
  return memory.Read<uint64_t>(signal + pids + kThreadGroup * sizeof(uint64_t));
}

// struct fanotify_event, fs/notify/fanotify/fanotify.h.
Result<size_t> CountForeign(const KernelMemory& memory, int local_fd) {
  ASSIGN_OR_RETURN(const uint64_t group, memory.PrivateDataOf(local_fd));
  ASSIGN_OR_RETURN(const uint64_t own, OwnPid(memory));
  ASSIGN_OR_RETURN(const size_t list, memory.btf().OffsetOf("fanotify_event", "fse.list"));
  ASSIGN_OR_RETURN(const size_t pid_at, memory.btf().OffsetOf("fanotify_event", "pid"));
  ASSIGN_OR_RETURN(const size_t list_at,
                   memory.btf().OffsetOf("fsnotify_group", "notification_list"));
  const uint64_t head = group + list_at;
  ASSIGN_OR_RETURN(uint64_t node, memory.Read<uint64_t>(head));
  size_t foreign = 0;
  for (size_t i = 0; node != head && i < kMostEvents; ++i) {
    ASSIGN_OR_RETURN(const auto pid, memory.Read<uint64_t>(node - list + pid_at));
    if (pid != own) ++foreign;
    ASSIGN_OR_RETURN(node, memory.Read<uint64_t>(node));
  }
  return foreign;
}

}  // namespace

Result<size_t> CountUnread(int local_fd) {
  ASSIGN_OR_RETURN(const size_t all, CountAll(local_fd));
  if (all == 0) return all;
  const Result<KernelMemory> memory = KernelMemory::Open();
  if (!memory.has_value()) return all;
  return CountForeign(memory.value(), local_fd);
}

bool MayMakeAnyGroup() {
  const ScopedFd plain(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY));
  return plain.valid();
}

Result<bool> IsUnprivileged(int local_fd, uint32_t flags) {
  if ((flags & kReportsIds) == 0 || (flags & kPrivilegedFlags) != 0) return false;
  // Whoever could have made it with privilege is not dumpable for the likes of the caller.
  if (!MayMakeAnyGroup()) return true;
  ASSIGN_OR_RETURN(const KernelMemory memory, KernelMemory::Open(),
                   "finding out whether a fanotify group was made without privilege");
  ASSIGN_OR_RETURN(const uint64_t group, memory.PrivateDataOf(local_fd));
  ASSIGN_OR_RETURN(const auto kept,
                   memory.Member<uint32_t>(group, "fsnotify_group", "fanotify_data.flags"));
  return (kept & kUnprivilegedGroup) != 0;
}

}  // namespace tardigrade::fanotify
