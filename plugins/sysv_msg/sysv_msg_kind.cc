#include "plugins/sysv_msg/sysv_msg_kind.h"

#include <sys/msg.h>
#include <sys/syscall.h>

#include <algorithm>
#include <utility>
#include <cerrno>
#include <cstring>
#include <set>

#include "plugins/sysv_msg/sysv_msg_state.h"

namespace tardigrade::sysv_msg {
namespace {

constexpr const char* kWhat = "the System V message queue";
constexpr uint64_t kMostBytes = uint64_t{1} << 31;

SysvIdentity Identity(const SysvIpcRow& row) { return IdentityOf(row, "msqid"); }

std::vector<const SysvIpcRow*> FindQueues(const JobFacts& job, const SysvNamespace& look) {
  std::vector<const SysvIpcRow*> found;
  if (look.rows().empty()) return found;
  const std::set<int32_t> waited_for = IdsOfCalls(job, {SYS_msgsnd, SYS_msgrcv});
  for (const SysvIpcRow& row : look.rows()) {
    if (look.is_jobs_own() || waited_for.contains(Identity(row).id) ||
        InnerPid(job, row.at("lspid"), row.at("stime")) != 0 ||
        InnerPid(job, row.at("lrpid"), row.at("rtime")) != 0)
      found.push_back(&row);
  }
  return found;
}

Status CheckQueue(const JobFacts& job, const SysvIpcRow& row) {
  for (const auto& [who, when] : {std::pair("lspid", "stime"), std::pair("lrpid", "rtime")}) {
    if (IsOutsider(job, row.at(who), row.at(when)))
      return Error(ErrorCode::kUnsupported,
                   StrCat(DescribeSysv(kWhat, Identity(row)), " is also used by process ", row.at(who),
                          ", which is not saved; snapshot with --tree if it is a descendant, or end it "
                          "first"));
  }
  return Ok();
}

struct Message {
  long type;
  std::vector<std::byte> text;
};

// Looks at all messages and takes none (MSG_COPY).  Returns an errno.
int PeekMessages(int id, size_t largest, std::vector<Message>& messages) {
  std::vector<std::byte> buffer(sizeof(long) + largest);
  for (long index = 0;; ++index) {
    const ssize_t size =
        msgrcv(id, buffer.data(), largest, index, MSG_COPY | IPC_NOWAIT);
    if (size < 0) return errno == ENOMSG ? 0 : errno;
    Message& message = messages.emplace_back();
    std::memcpy(&message.type, buffer.data(), sizeof(message.type));
    const auto text = buffer.begin() + sizeof(message.type);
    message.text.assign(text, text + size);
  }
}

Result<QueueState> CollectQueue(const JobFacts& job, const SysvIpcRow& row, const SysvNamespace& look,
                                CollectContext& context) {
  QueueState state;
  state.identity = Identity(row);
  state.last_sender = InnerPid(job, row.at("lspid"), row.at("stime"));
  state.last_receiver = InnerPid(job, row.at("lrpid"), row.at("rtime"));
  std::vector<Message> messages;
  int error = 0;
  RETURN_IF_ERROR(look.Run([&] {
    msqid_ds queue = {};
    if (msgctl(state.identity.id, IPC_STAT, &queue) != 0) {
      error = errno;
      return;
    }
    state.limit_bytes = queue.msg_qbytes;
    error = PeekMessages(state.identity.id, static_cast<size_t>(row.at("cbytes")), messages);
  }));
  if (error == ENOSYS)
    return Error(ErrorCode::kUnsupported,
                 "this kernel shows nobody the messages (MSG_COPY, CONFIG_CHECKPOINT_RESTORE)");
  errno = error;
  if (error != 0) return Error::Errno("looking at its messages");
  for (const Message& message : messages) {
    MessageState& saved = state.messages.emplace_back();
    saved.type = message.type;
    ASSIGN_OR_RETURN(saved.text, context.attachments().Put(message.text));
  }
  return state;
}

SysvMaking MakingOf(const QueueState& state) {
  SysvMaking making;
  making.what = kWhat;
  making.next_id = "/proc/sys/kernel/msg_next_id";
  making.get = [](key_t key, int flags) { return msgget(key, flags); };
  making.remove = [](int id) { msgctl(id, IPC_RMID, nullptr); };
  making.find = [](int id) -> std::optional<ipc_perm> {
    msqid_ds queue = {};
    if (msgctl(id, IPC_STAT, &queue) != 0) return std::nullopt;
    return queue.msg_perm;
  };
  making.check_unused = [](int) { return Ok(); };  // The kernel tells nobody who waits for one.
  making.set = [&state](int id) -> Status {
    msqid_ds queue = {};
    if (msgctl(id, IPC_STAT, &queue) != 0) return Error::Errno("msgctl(IPC_STAT)");
    queue.msg_perm.uid = state.identity.uid;
    queue.msg_perm.gid = state.identity.gid;
    queue.msg_perm.mode = static_cast<unsigned short>(state.identity.mode);
    queue.msg_qbytes = state.limit_bytes;
    if (msgctl(id, IPC_SET, &queue) != 0)
      return Error::Errno("msgctl(IPC_SET) with a limit of ", state.limit_bytes,
                          " bytes (more than kernel.msgmnb needs CAP_SYS_RESOURCE)");
    return Ok();
  };
  return making;
}

// An empty message on its way from the last sender to the last receiver: the kernel notes both.
Status SendEmpty(int id) {
  const long type = 1;
  if (msgsnd(id, &type, 0, IPC_NOWAIT) != 0) return Error::Errno("msgsnd of an empty message");
  return Ok();
}

Status ReceiveEmpty(int id) {
  long type = 0;
  if (msgrcv(id, &type, 0, 0, IPC_NOWAIT | MSG_NOERROR) < 0)
    return Error::Errno("msgrcv of an empty message");
  return Ok();
}

Status SendAll(const QueueState& state, CreateContext& context) {
  for (const MessageState& message : state.messages) {
    ASSIGN_OR_RETURN(const std::vector<std::byte> text,
                     context.attachments().Get(message.text, kMostBytes));
    std::vector<std::byte> buffer(sizeof(long) + text.size());
    const long type = message.type;
    std::memcpy(buffer.data(), &type, sizeof(type));
    std::copy(text.begin(), text.end(), buffer.begin() + sizeof(type));
    if (msgsnd(state.identity.id, buffer.data(), text.size(), IPC_NOWAIT) != 0)
      return Error::Errno("msgsnd of ", text.size(), " bytes (see kernel.msgmax)");
  }
  return Ok();
}

// With messages in it: the root sends an empty one when it makes the queue, the last receiver takes
// it, then the last sender sends what was there.  Without: the last sender sends an empty one, and the
// last receiver takes it.
Status DoWithQueue(const QueueState& state, const JobTask& task, JobStep step,
                   CreateContext& context) {
  const int id = state.identity.id;
  const auto is = [&task](int32_t pid) {
    return pid == task.inner_pid || (pid == 0 && task.is_root);
  };
  if (!state.messages.empty()) {
    if (step == JobStep::kFirst && state.last_receiver != 0 && is(state.last_receiver))
      return ReceiveEmpty(id);
    if (step == JobStep::kSecond && is(state.last_sender)) return SendAll(state, context);
    return Ok();
  }
  if (state.last_sender == 0 && state.last_receiver == 0) return Ok();
  if (step == JobStep::kFirst && is(state.last_sender)) return SendEmpty(id);
  if (step == JobStep::kSecond && is(state.last_receiver)) return ReceiveEmpty(id);
  return Ok();
}

}  // namespace

Status SysvMsgKind::Check(const JobFacts& job) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "msg"));
  for (const SysvIpcRow* row : FindQueues(job, look)) RETURN_IF_ERROR(CheckQueue(job, *row));
  return Ok();
}

Result<std::optional<Value>> SysvMsgKind::Collect(const JobFacts& job, const AskMember&,
                                                  CollectContext& context) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "msg"));
  SysvMsgState state;
  for (const SysvIpcRow* row : FindQueues(job, look)) {
    ASSIGN_OR_RETURN(QueueState queue, CollectQueue(job, *row, look, context),
                     DescribeSysv(kWhat, Identity(*row)));
    state.queues.push_back(std::move(queue));
  }
  if (state.queues.empty()) return std::optional<Value>();
  return std::optional(Encode(state));
}

Status SysvMsgKind::Make(const Value& value, CreateContext&, MadeObjects& made) const {
  ASSIGN_OR_RETURN(const auto state, Decode<SysvMsgState>(value, "sysv_msg"));
  for (const QueueState& queue : state.queues) {
    const std::string what = DescribeSysv(kWhat, queue.identity);
    RETURN_IF_ERROR(MakeSysvObject(queue.identity, MakingOf(queue), made), what);
    if (!queue.messages.empty() && queue.last_receiver != 0)
      RETURN_IF_ERROR(SendEmpty(queue.identity.id), what);
  }
  return Ok();
}

Status SysvMsgKind::DoInTask(const Value& value, const JobTask& task, JobStep step,
                             CreateContext& context) const {
  ASSIGN_OR_RETURN(const auto state, Decode<SysvMsgState>(value, "sysv_msg"));
  for (const QueueState& queue : state.queues)
    RETURN_IF_ERROR(DoWithQueue(queue, task, step, context), DescribeSysv(kWhat, queue.identity));
  return Ok();
}

void SysvMsgKind::Remove(int32_t id) const { msgctl(id, IPC_RMID, nullptr); }

}  // namespace tardigrade::sysv_msg
