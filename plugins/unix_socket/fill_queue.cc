#include "plugins/unix_socket/fill_queue.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "plugins/unix_socket/address.h"
#include "plugins/unix_socket/bind_name.h"
#include "plugins/unix_socket/make_connection.h"
#include "plugins/unix_socket/make_socket.h"
#include "plugins/unix_socket/private_root.h"
#include "plugins/unix_socket/run_as.h"

namespace tardigrade::unix_socket {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;
constexpr uint64_t kOverheadBytes = 4096;  // More than the kernel accounts for a message beside its bytes.

// A message as sendmsg(2) takes it.
struct Packet {
  std::span<const std::byte> bytes;
  std::vector<int> fds;
  const Creator* creator = nullptr;
  const Address* to = nullptr;  // nullptr: whom the sender is connected to.
};

void AddControl(msghdr& header, int type, const void* data, size_t size) {
  auto* control = reinterpret_cast<cmsghdr*>(static_cast<char*>(header.msg_control) + header.msg_controllen);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(control), data, size);
  header.msg_controllen += CMSG_SPACE(size);
}

ssize_t SendOnce(int sender, const Packet& packet) {
  alignas(cmsghdr) char control[CMSG_SPACE(253 * sizeof(int)) + CMSG_SPACE(sizeof(ucred))] = {};
  iovec piece{.iov_base = const_cast<std::byte*>(packet.bytes.data()), .iov_len = packet.bytes.size()};
  msghdr header = {};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control;
  if (packet.to != nullptr) {
    header.msg_name = const_cast<sockaddr*>(packet.to->data());
    header.msg_namelen = packet.to->size();
  }
  if (!packet.fds.empty())
    AddControl(header, SCM_RIGHTS, packet.fds.data(), packet.fds.size() * sizeof(int));
  if (packet.creator != nullptr) {
    const ucred credentials{.pid = packet.creator->pid, .uid = packet.creator->uid, .gid = packet.creator->gid};
    AddControl(header, SCM_CREDENTIALS, &credentials, sizeof(credentials));
  }
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  return sendmsg(sender, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// All of it: a stream may take less at a time.  Returns 0 or the errno.
int SendAll(int sender, Packet packet) {
  do {
    const ssize_t sent = SendOnce(sender, packet);
    if (sent < 0) return errno;
    packet.bytes = packet.bytes.subspan(static_cast<size_t>(sent));
    packet.fds.clear();  // They came with the first byte.
  } while (!packet.bytes.empty());
  return 0;
}

Status Send(int sender, const Packet& packet, CreateContext& context) {
  const auto send = [&] { return CallOutcome{.error = SendAll(sender, packet)}; };
  const int error = packet.creator == nullptr ? send().error
                                              : RunAs(*packet.creator, context, send).error;
  if (error == 0) return Ok();
  return Error::Syscall(error == EPERM ? ErrorCode::kDenied : ErrorCode::kSystem, error,
                        error == EAGAIN ? "filling a socket's queue: it takes less than it held; see "
                                          "/proc/sys/net/core/wmem_max and "
                                          "/proc/sys/net/unix/max_dgram_qlen"
                                        : "filling a socket's queue");
}

// Who sent a datagram: who has that name in the job, or somebody made up for it.
Result<int> SenderOf(const Message& message, CreateContext& context, ScopedFd& made_up) {
  if (!message.sender.empty() && context.ObjectState(message.sender) != nullptr) {
    ASSIGN_OR_RETURN(const SocketState sender, DecodeSocket(message.sender, context));
    if (sender.type == SOCK_DGRAM) return context.Object(message.sender);
  }
  ASSIGN_OR_RETURN(made_up, NewSocket(SOCK_DGRAM));
  if (message.from.text.empty()) return made_up.get();
  const Status named = BindWithoutFile(made_up.get(), message.from, {});
  if (!named.has_value())
    context.Warn(StrCat("an unread datagram will show no sender, as its name ",
                        NameText(message.from), " could not be had: ", named.error().ToString()));
  return made_up.get();
}

// Sends every message of the queue.  `sender`: whoever is connected to the socket; -1: each
// message's own, to the socket's name.
class QueueFiller {
 public:
  QueueFiller(const SocketState& state, int sender, CreateContext& context)
      : state_(state), sender_(sender), context_(context), to_(ReachableText(state.name)) {}

  Status Fill() {
    if (state_.queue.messages.empty()) return Ok();
    ASSIGN_OR_RETURN(bytes_, context_.attachments().Get(state_.queue.data, kMostBytes));
    if (sender_ < 0 && state_.name.text.empty())
      return Error(ErrorCode::kBadImage, "a socket without a name has messages of nobody");
    std::span<const std::byte> rest(bytes_);
    uint64_t needed = 0;
    for (const Message& message : state_.queue.messages)
      needed += 2 * message.size + kOverheadBytes;
    if (sender_ >= 0) RaiseSendBuffer(sender_, static_cast<uint32_t>(std::min(needed, kMostBytes)));
    for (const Message& message : state_.queue.messages) {
      if (message.size > rest.size())
        return Error(ErrorCode::kBadImage, "a message is larger than the queue");
      RETURN_IF_ERROR(SendMessage(message, rest.first(message.size)));
      rest = rest.subspan(message.size);
    }
    return Ok();
  }

 private:
  Status SendMessage(const Message& message, std::span<const std::byte> bytes) {
    Packet packet;
    packet.bytes = bytes;
    for (const uint32_t file : message.files) {
      ASSIGN_OR_RETURN(const int fd, context_.File(file));
      packet.fds.push_back(fd);
    }
    if (message.creator.has_value() && message.creator->pid != 0) packet.creator = &*message.creator;
    if (sender_ >= 0) return Send(sender_, packet, context_);
    ScopedFd made_up;
    ASSIGN_OR_RETURN(const int sender, SenderOf(message, context_, made_up));
    RaiseSendBuffer(sender, static_cast<uint32_t>(std::min(2 * message.size + kOverheadBytes, kMostBytes)));
    ASSIGN_OR_RETURN(const ScopedDirectory directory, ScopedDirectory::Enter(state_.name.directory));
    packet.to = &to_;
    return Send(sender, packet, context_);
  }

  const SocketState& state_;
  int sender_;
  CreateContext& context_;
  Address to_;
  std::vector<std::byte> bytes_;
};

Status ConnectWaiting(const SocketState& listener, CreateContext& context) {
  for (const std::string& key : listener.waiting) {
    if (context.ObjectState(key) == nullptr) {
      if (listener.external != static_cast<uint32_t>(ExternalPolicy::kRefuse)) continue;
      return Error(ErrorCode::kBadImage, StrCat("the image has no socket ", key));
    }
    ASSIGN_OR_RETURN(const SocketState client, DecodeSocket(key, context));
    if (client.stage != Stage::kWaiting || client.peer != listener.key)
      return Error(ErrorCode::kBadImage, StrCat(key, " does not wait for ", listener.key));
    ASSIGN_OR_RETURN(const int fd, context.Object(key));
    ASSIGN_OR_RETURN(const ScopedDirectory directory,
                     ScopedDirectory::Enter(listener.name.directory));
    const Address address(ReachableText(listener.name));
    const CallOutcome connected = RunAs(client.connector, context, [&] {
      return CallOutcome{.error = connect(fd, address.data(), address.size()) == 0 ? 0 : errno};
    });
    if (connected.error != 0)
      return Error::Syscall(ErrorCode::kSystem, connected.error,
                            StrCat("connecting to ", NameText(listener.name), " again"));
  }
  return Ok();
}

}  // namespace

Status FillQueue(const SocketState& state, CreateContext& context) {
  if (state.stage == Stage::kListening) return ConnectWaiting(state, context);
  // Nobody takes it from there: it goes back when the queue is full.
  if (ScopedFd stand_in = context.TakeAside(StandInKey(state.key)); stand_in.valid()) {
    const Status filled = QueueFiller(state, stand_in.get(), context).Fill();
    context.SetAside(StandInKey(state.key), std::move(stand_in));
    return filled;
  }
  if (state.queue.messages.empty()) return Ok();
  bool has_peer = state.type != SOCK_DGRAM;
  if (!has_peer && !state.peer.empty() && context.ObjectState(state.peer) != nullptr) {
    ASSIGN_OR_RETURN(const SocketState peer, DecodeSocket(state.peer, context));
    has_peer = IsDatagramPair(state, peer);
  }
  int sender = -1;
  if (has_peer) {
    ASSIGN_OR_RETURN(sender, context.Object(state.peer));
  }
  return QueueFiller(state, sender, context).Fill();
}

}  // namespace tardigrade::unix_socket
