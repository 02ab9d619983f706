#include "plugins/mqueue/mqueue_object.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "plugins/mqueue/mqueue_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::mqueue {
namespace {

// An IPC namespace of the job's own has the kernel's limits, not the administrator's: as large as
// needed, where that is allowed.
void RaiseLimit(const char* path, int64_t wanted) {
  const Result<std::string> now = ReadFile(path);
  if (now.has_value() && std::strtoll(now.value().c_str(), nullptr, 10) < wanted)
    (void)WriteFile(path, std::to_string(wanted));
}

Result<ScopedFd> OpenNew(const QueueState& state, const std::string& name) {
  mq_attr attributes = {};
  attributes.mq_maxmsg = state.most_messages;
  attributes.mq_msgsize = state.message_bytes;
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK;
  ScopedFd queue(mq_open(name.c_str(), flags, 0600, &attributes));
  if (!queue.valid() && errno == EINVAL) {
    RaiseLimit("/proc/sys/fs/mqueue/msg_max", state.most_messages);
    RaiseLimit("/proc/sys/fs/mqueue/msgsize_max", state.message_bytes);
    queue.Reset(mq_open(name.c_str(), flags, 0600, &attributes));
  }
  if (!queue.valid())
    return Error::Errno("making the message queue ", name, " of ", state.most_messages,
                        " messages of ", state.message_bytes,
                        " bytes (see fs.mqueue and RLIMIT_MSGQUEUE)");
  return queue;
}

Status Fill(const QueueState& state, int queue, CreateContext& context) {
  for (const MessageState& message : state.messages) {
    ASSIGN_OR_RETURN(
        const std::vector<std::byte> text,
        context.attachments().Get(message.text, static_cast<uint64_t>(state.message_bytes)));
    if (mq_send(queue, reinterpret_cast<const char*>(text.data()), text.size(), message.priority) !=
        0)
      return Error::Errno("filling the message queue ", state.name);
  }
  return Ok();
}

Status SetOwner(const QueueState& state, int queue) {
  struct stat st = {};
  if (fstat(queue, &st) != 0) return Error::Errno("fstat of a message queue");
  if ((st.st_uid != state.uid || st.st_gid != state.gid) &&
      fchown(queue, state.uid, state.gid) != 0)
    return Error::Errno("giving the message queue ", state.name, " to user ", state.uid,
                        " (CAP_CHOWN)");
  if (fchmod(queue, state.mode) != 0)
    return Error::Errno("giving the message queue ", state.name, " its mode");
  return Ok();
}

Result<ScopedFd> Make(const QueueState& state, const std::string& name, CreateContext& context) {
  ASSIGN_OR_RETURN(ScopedFd queue, OpenNew(state, name));
  Status filled = Fill(state, queue.get(), context);
  if (filled.has_value()) filled = SetOwner(state, queue.get());
  if (!filled.has_value() || state.removed) mq_unlink(name.c_str());
  RETURN_IF_ERROR(std::move(filled));
  return queue;
}

Result<ScopedFd> MakeNameless(const QueueState& state, CreateContext& context) {
  Result<ScopedFd> queue = Make(state, state.name, context);
  if (queue.has_value() || queue.error().errno_value() != EEXIST) return queue;
  return Make(state, StrCat("/tardigrade-", getpid()), context);
}

Result<ScopedFd> OpenThere(const QueueState& state, CreateContext& context) {
  ScopedFd queue(mq_open(state.name.c_str(), O_RDWR | O_NONBLOCK));
  if (!queue.valid()) return Error::Errno("opening the message queue ", state.name);
  mq_attr now = {};
  if (mq_getattr(queue.get(), &now) != 0) return Error::Errno("mq_getattr");
  if (now.mq_maxmsg != state.most_messages || now.mq_msgsize != state.message_bytes)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the message queue ", state.name, " is another one now, of ", now.mq_maxmsg,
                        " messages of ", now.mq_msgsize,
                        " bytes; remove it, or restore into namespaces of its own "
                        "(--new-pid-namespace)"));
  if (now.mq_curmsgs != static_cast<long>(state.messages.size()))
    context.Warn(StrCat("the message queue ", state.name, " holds ", now.mq_curmsgs, " messages, ",
                        state.messages.size(), " at the snapshot; it stays so"));
  return queue;
}

}  // namespace

Result<ScopedFd> MqueueObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const QueueState state, Decode<QueueState>(value, "mqueue"));
  if (state.name[0] != '/' || state.name.find('/', 1) != std::string::npos)
    return Error(ErrorCode::kBadImage, "mqueue.name is not that of a message queue");
  if (state.removed) return MakeNameless(state, context);
  Result<ScopedFd> queue = Make(state, state.name, context);
  if (queue.has_value() || queue.error().errno_value() != EEXIST) return queue;
  return OpenThere(state, context);
}

}  // namespace tardigrade::mqueue
