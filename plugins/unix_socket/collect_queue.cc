#include "plugins/unix_socket/collect_queue.h"

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/collect_socket.h"
#include "plugins/unix_socket/locate_name.h"
#include "plugins/unix_socket/peek_queue.h"
#include "plugins/unix_socket/read_creator.h"
#include "plugins/unix_socket/unseen_messages.h"

namespace tardigrade::unix_socket {
namespace {

constexpr uint32_t kShutdownForReading = 1;

bool AsksForCredentials(const SocketState& state) {
  const auto asks = [&](const char* option) { return state.options.others.contains(option); };
  return asks("passcred") || asks("passpidfd");
}

// Which of the job's datagram sockets has the name; "" if none has.
std::string FindSender(std::span<const FdFacts> all, const std::string& name) {
  for (const FdFacts& other : all) {
    if (!IsUnixSocket(other)) continue;
    int type = 0;
    socklen_t size = sizeof(type);
    if (getsockopt(other.local_fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM)
      continue;
    const Result<std::string> own = ReadName(other.local_fd);
    if (own.has_value() && own.value() == name) return SocketKey(other.stat.st_ino);
  }
  return std::string();
}

Result<ScopedFd> Duplicate(const ScopedFd& fd) {
  ScopedFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return Error::Errno("duplicating a descriptor in flight");
  return copy;
}

Result<Message> Convert(const PeekedMessage& peeked, const FdFacts& file, std::span<const FdFacts> all,
                        int type, CollectContext& context) {
  Message message;
  message.size = peeked.size;
  if (type == SOCK_DGRAM && !peeked.from.empty()) {
    ASSIGN_OR_RETURN(message.from, LocateName(file.pid, peeked.from, -1, std::nullopt));
    message.sender = FindSender(all, peeked.from);
  }
  if (peeked.credentials.has_value()) message.creator = AsJobSees(file, *peeked.credentials);
  for (const ScopedFd& fd : peeked.files) {
    ASSIGN_OR_RETURN(ScopedFd copy, Duplicate(fd));
    ASSIGN_OR_RETURN(const uint32_t number, context.AddFile(std::move(copy)));
    message.files.push_back(number);
  }
  return message;
}

QueueFacts FactsOf(const FdFacts& file, const UnixSocketInfo& info, bool credentials) {
  QueueFacts facts;
  facts.type = info.type;
  facts.unread = info.receive_queue;
  facts.has_files = MayHoldFilesInFlight(file);
  facts.credentials = credentials;
  facts.ended = info.type == SOCK_SEQPACKET && (info.shutdown & kShutdownForReading) != 0;
  return facts;
}

// Where one sender only has access to the queue: one of a pair.
Status CheckAllSeen(const FdFacts& file, const UnixSocketInfo& info, const PeekedQueue& peeked) {
  if (info.type == SOCK_STREAM || info.peer.value_or(0) == 0) return Ok();
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  ASSIGN_OR_RETURN(const auto peer, diag.Find(*info.peer));
  if (!peer.has_value() || peer->peer != info.inode) return Ok();
  ASSIGN_OR_RETURN(const bool unseen, HasUnseenMessages(info.type, peeked, peer->send_queue));
  if (!unseen) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the queue of fd ", file.fd, " holds a message without bytes that an earlier "
                      "snapshot has looked at, and the kernel shows such a one once only; try again "
                      "when it has been read"));
}

// Where CheckAllSeen() of a later snapshot could not tell.
void WarnOfWhatIsSeenOnce(const FdFacts& file, const UnixSocketInfo& info, const PeekedQueue& peeked,
                          CollectContext& context) {
  if (info.type != SOCK_DGRAM || info.peer.value_or(0) != 0 || peeked.messages.empty()) return;
  const bool has_empty = std::any_of(peeked.messages.begin() + 1, peeked.messages.end(),
                                     [](const PeekedMessage& message) { return message.size == 0; });
  if (has_empty)
    context.Warn(StrCat("the queue of fd ", file.fd, " holds an empty datagram behind others, which the "
                        "kernel shows once only: it is in this image, but not in a later one of the "
                        "same process unless it has been read by then"));
}

}  // namespace

bool MayHoldFilesInFlight(const FdFacts& file) {
  // Kernels before 5.11 do not tell.
  const Result<uint64_t> count = file.info.FindNumber("scm_fds", 10);
  return !count.has_value() || count.value() != 0;
}

Result<FdKind::Held> FilesInFlight(const FdFacts& file) {
  FdKind::Held held;
  if (!MayHoldFilesInFlight(file)) return held;
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  ASSIGN_OR_RETURN(const UnixSocketInfo info, Ask(diag, file));
  // What a listener has not accepted is refused elsewhere.
  if (info.type != SOCK_DGRAM && info.state != kUnixEstablished) return held;
  auto queue = std::make_shared<PeekedQueue>();
  ASSIGN_OR_RETURN(*queue, PeekQueue(file.local_fd, FactsOf(file, info, /*credentials=*/true)));
  for (const PeekedMessage& message : queue->messages) {
    for (const ScopedFd& fd : message.files) {
      ASSIGN_OR_RETURN(ScopedFd copy, Duplicate(fd));
      held.files.push_back(std::move(copy));
    }
  }
  held.contents = std::move(queue);
  return held;
}

Result<Queue> CollectQueue(const FdFacts& file, std::span<const FdFacts> all,
                           const UnixSocketInfo& info, const SocketState& state,
                           CollectContext& context) {
  Queue queue;
  if (state.type != SOCK_DGRAM && state.stage != Stage::kConnected) return queue;
  auto seen = std::static_pointer_cast<const PeekedQueue>(file.contents);
  if (seen == nullptr) {
    auto now = std::make_shared<PeekedQueue>();
    ASSIGN_OR_RETURN(*now, PeekQueue(file.local_fd, FactsOf(file, info, AsksForCredentials(state))),
                     "the queue of fd ", file.fd);
    seen = std::move(now);
  }
  RETURN_IF_ERROR(CheckAllSeen(file, info, *seen));
  WarnOfWhatIsSeenOnce(file, info, *seen, context);
  ASSIGN_OR_RETURN(queue.data, context.attachments().Put(seen->bytes));
  for (const PeekedMessage& message : seen->messages) {
    ASSIGN_OR_RETURN(Message converted, Convert(message, file, all, state.type, context),
                     "the queue of fd ", file.fd);
    queue.messages.push_back(std::move(converted));
  }
  return queue;
}

}  // namespace tardigrade::unix_socket
