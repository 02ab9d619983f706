#include "plugins/unix_socket/external.h"

#include "supervisor/resource/socket_holder.h"

namespace tardigrade::unix_socket {

ExternalPolicy PolicyOf(const FdFacts& file) {
  return file.external == ExternalPolicy::kKeep ? ExternalPolicy::kRefuse : file.external;
}

Error RefuseExternal(const FdFacts& file, uint32_t inode, std::string_view relation) {
  return Error(ErrorCode::kUnsupported,
               StrCat("the UNIX socket fd ", file.fd, " ", relation, " ", DescribeSocketHolder(inode),
                      ", which is not saved; snapshot with --tree if it is a descendant, or choose "
                      "with --external close or --external reconnect what the job is to find"));
}

Status CheckExternal(const FdFacts& file, uint32_t peer, const SocketState& state) {
  switch (PolicyOf(file)) {
    case ExternalPolicy::kRefuse:
    case ExternalPolicy::kKeep:
      return RefuseExternal(file, peer, "is connected to");
    case ExternalPolicy::kClose:
      return Ok();
    case ExternalPolicy::kReconnect:
      break;
  }
  if (state.peer_name.text.empty() || state.accepted)
    return Error(ErrorCode::kUnsupported,
                 StrCat("--external reconnect: the UNIX socket fd ", file.fd, " was not connected to "
                        "an address, so there is none to connect to again (it leads to ",
                        DescribeSocketHolder(peer), ")"));
  if (!state.queue.messages.empty() && state.type != SOCK_DGRAM)
    return Error(ErrorCode::kUnsupported,
                 StrCat("--external reconnect: the UNIX socket fd ", file.fd, " holds ",
                        state.queue.data.size, " unread bytes of the old connection; try again when "
                        "they have been read"));
  return Ok();
}

}  // namespace tardigrade::unix_socket
