#include "plugins/unix_socket/collect_queue.h"

#include <utility>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/collect_socket.h"
#include "plugins/unix_socket/locate_name.h"
#include "plugins/unix_socket/peek_queue.h"
#include "plugins/unix_socket/read_creator.h"

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

Result<Message> Convert(PeekedMessage peeked, const FdFacts& file, std::span<const FdFacts> all,
                        int type, CollectContext& context) {
  Message message;
  message.size = peeked.size;
  if (type == SOCK_DGRAM && !peeked.from.empty()) {
    ASSIGN_OR_RETURN(message.from, LocateName(file.pid, peeked.from, -1, std::nullopt));
    message.sender = FindSender(all, peeked.from);
  }
  if (peeked.credentials.has_value()) message.creator = AsJobSees(file, *peeked.credentials);
  for (ScopedFd& fd : peeked.files) {
    ASSIGN_OR_RETURN(const uint32_t number, context.AddFile(std::move(fd)));
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

}  // namespace

bool MayHoldFilesInFlight(const FdFacts& file) {
  // Kernels before 5.11 do not tell.
  const Result<uint64_t> count = file.info.FindNumber("scm_fds", 10);
  return !count.has_value() || count.value() != 0;
}

Result<std::vector<ScopedFd>> FilesInFlight(const FdFacts& file) {
  std::vector<ScopedFd> files;
  if (!MayHoldFilesInFlight(file)) return files;
  ASSIGN_OR_RETURN(UnixDiag diag, UnixDiag::Open());
  ASSIGN_OR_RETURN(const UnixSocketInfo info, Ask(diag, file));
  // What a listener has not accepted is refused elsewhere.
  const bool is_stream = info.type != SOCK_DGRAM;
  if (is_stream && info.state != kUnixEstablished) return files;
  ASSIGN_OR_RETURN(PeekedQueue peeked,
                   PeekQueue(file.local_fd, FactsOf(file, info, /*credentials=*/true)));
  for (PeekedMessage& message : peeked.messages)
    for (ScopedFd& fd : message.files) files.push_back(std::move(fd));
  return files;
}

Result<Queue> CollectQueue(const FdFacts& file, std::span<const FdFacts> all,
                           const UnixSocketInfo& info, const SocketState& state,
                           CollectContext& context) {
  Queue queue;
  if (state.type != SOCK_DGRAM && state.stage != Stage::kConnected) return queue;
  ASSIGN_OR_RETURN(PeekedQueue peeked,
                   PeekQueue(file.local_fd, FactsOf(file, info, AsksForCredentials(state))),
                   "the queue of fd ", file.fd);
  ASSIGN_OR_RETURN(queue.data, context.attachments().Put(peeked.bytes));
  for (PeekedMessage& message : peeked.messages) {
    ASSIGN_OR_RETURN(Message converted,
                     Convert(std::move(message), file, all, state.type, context),
                     "the queue of fd ", file.fd);
    queue.messages.push_back(std::move(converted));
  }
  return queue;
}

}  // namespace tardigrade::unix_socket
