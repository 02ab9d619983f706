#include "plugins/mqueue/mqueue_kind.h"

#include <mqueue.h>
#include <sys/vfs.h>

#include "plugins/mqueue/mqueue_state.h"
#include "plugins/mqueue/notification.h"
#include "plugins/mqueue/open_queue.h"
#include "plugins/mqueue/peek_queue.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::mqueue {
namespace {

constexpr long kMqueueMagic = 0x19800202;  // ipc/mqueue.c

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
  ASSIGN_OR_RETURN(const ScopedFd both, OpenQueue(file));
  ASSIGN_OR_RETURN(const std::optional<Asked> asked, WhoAsked(file));
  ASSIGN_OR_RETURN(const std::vector<QueuedMessage> messages,
                   PeekQueue(both.get(), asked.has_value() ? Peek::kNeverEmpty : Peek::kAll));
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

Status MqueueKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  if (!file.info.FindAll("lock").empty())
    return Error(ErrorCode::kUnsupported,
                 StrCat("the message queue ", file.link,
                        " is locked, which cannot be saved; unlock it first"));
  return CheckNotification(file, all);
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

Result<Value> MqueueKind::CollectOfProcess(const FdFacts& file) const {
  return CollectNotification(file);
}

Status MqueueKind::PlanOfProcess(const Value&, const Value& of_process, int fd, int32_t sharer,
                                 SyscallPlan& plan) const {
  return PlanNotification(of_process, fd, sharer, plan);
}

}  // namespace tardigrade::mqueue
