#include "plugins/unix_socket/unseen_messages.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <vector>

#include "supervisor/resource/socket_options.h"

namespace tardigrade::unix_socket {
namespace {

constexpr uint32_t kAmpleBytes = 1u << 30;

Result<uint32_t> Accounted(int fd) {
  int bytes = 0;
  if (ioctl(fd, SIOCOUTQ, &bytes) != 0) return Error::Errno("SIOCOUTQ");
  return static_cast<uint32_t>(bytes);
}

}  // namespace

Result<bool> HasUnseenMessages(int type, const PeekedQueue& seen, uint32_t accounted) {
  if (accounted == 0) return false;
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return Error::Errno("socketpair");
  const ScopedFd sender(ends[0]), receiver(ends[1]);
  RaiseSendBuffer(sender.get(), kAmpleBytes);
  if (send(sender.get(), "", 0, MSG_DONTWAIT) < 0) return Error::Errno("sending nothing");
  ASSIGN_OR_RETURN(const uint32_t of_empty, Accounted(sender.get()));
  std::vector<std::byte> bytes(seen.bytes.size());
  for (const PeekedMessage& message : seen.messages) {
    // Larger than this user may send in all: not to be found out.
    if (send(sender.get(), bytes.data(), message.size, MSG_DONTWAIT) < 0) return false;
  }
  ASSIGN_OR_RETURN(const uint32_t all, Accounted(sender.get()));
  const uint32_t of_seen = all - of_empty;
  // How a message was sent may matter as well: only what such messages explain is theirs.
  return of_empty != 0 && accounted > of_seen && (accounted - of_seen) % of_empty == 0;
}

}  // namespace tardigrade::unix_socket
