#include "plugins/mqueue/mqueue_kind.h"

#include <mqueue.h>
#include <sys/vfs.h>

#include <cinttypes>
#include <cstdio>

#include "plugins/mqueue/mqueue_state.h"
#include "plugins/mqueue/peek_queue.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::mqueue {
namespace {

constexpr long kMqueueMagic = 0x19800202;  // ipc/mqueue.c

// One that may be read, of a queue that the job may have open for writing only.
Result<ScopedFd> OpenReadable(const FdFacts& file) {
  Result<ScopedFd> opened = Reopen(file.local_fd, O_RDWR | O_NONBLOCK);
  if (opened.has_value()) return opened;
  return std::move(opened).error().While(
      StrCat("opening the message queue ", file.link, " for reading and writing"));
}

// "QSIZE:5          NOTIFY:0     SIGNO:10    NOTIFY_PID:4711  ": ipc/mqueue.c, mqueue_read_file().
Status CheckNotify(const FdFacts& file) {
  ASSIGN_OR_RETURN(const ScopedFd readable, OpenReadable(file));
  char text[128] = "";
  if (pread(readable.get(), text, sizeof(text) - 1, 0) < 0)
    return Error::Errno("reading the status of ", file.link);
  uint64_t bytes = 0;
  int notify = 0, signal = 0, pid = 0;
  if (std::sscanf(text, "QSIZE:%" SCNu64 " NOTIFY:%d SIGNO:%d NOTIFY_PID:%d", &bytes, &notify,
                  &signal, &pid) != 4)
    return Error(ErrorCode::kInternal, StrCat("the status of ", file.link, ": \"", text, "\""));
  if (pid == 0) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("process ", pid, " wants to be notified of messages in the queue ", file.link,
                      " (mq_notify), with a value that the kernel tells nobody; cancel it first, or "
                      "wait for messages with mq_receive or poll"));
}

Result<Value> CollectQueue(const FdFacts& file, CollectContext& context) {
  QueueState state;
  state.name = WithoutDeletedSuffix(file.link);
  state.removed = file.stat.st_nlink == 0;
  state.mode = file.stat.st_mode & 07777;
  state.uid = file.stat.st_uid;
  state.gid = file.stat.st_gid;
  mq_attr attributes = {};
  if (mq_getattr(file.local_fd, &attributes) != 0) return Error::Errno("mq_getattr");
  state.most_messages = attributes.mq_maxmsg;
  state.message_bytes = attributes.mq_msgsize;
  if (attributes.mq_curmsgs == 0) return Encode(state);
  ASSIGN_OR_RETURN(const ScopedFd both, OpenReadable(file));
  ASSIGN_OR_RETURN(const std::vector<QueuedMessage> messages, PeekQueue(both.get()));
  for (const QueuedMessage& message : messages) {
    MessageState& saved = state.messages.emplace_back();
    saved.priority = message.priority;
    ASSIGN_OR_RETURN(saved.text, context.attachments().Put(message.text));
  }
  return Encode(state);
}

}  // namespace

bool MqueueKind::Claims(const FdFacts& file) const {
  struct statfs fs = {};
  return S_ISREG(file.stat.st_mode) && (file.info.flags & O_PATH) == 0 &&
         fstatfs(file.local_fd, &fs) == 0 && fs.f_type == kMqueueMagic;
}

Status MqueueKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  if (!file.info.FindAll("lock").empty())
    return Error(ErrorCode::kUnsupported, StrCat("the message queue ", file.link,
                                                 " is locked, which cannot be saved; unlock it first"));
  return CheckNotify(file);
}

Result<Value> MqueueKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                  CollectContext& context) const {
  MqueueState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(state.offset, OffsetOf(file));
  state.object = InodeKey(file.stat);
  RETURN_IF_ERROR(
      context.AddObject(state.object, "mqueue", [&] { return CollectQueue(file, context); }),
      "saving the message queue ", file.link);
  return Encode(state);
}

Result<ScopedFd> MqueueKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const MqueueState state, Decode<MqueueState>(value, "mqueue"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ASSIGN_OR_RETURN(ScopedFd file, ReopenAs(object, state.open));
  RETURN_IF_ERROR(SetOffset(file.get(), state.offset));
  return file;
}

Status MqueueKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const MqueueState state, Decode<MqueueState>(value, "mqueue"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::mqueue
