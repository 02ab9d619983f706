#include "plugins/inet_socket/tcp_state.h"

#include <netinet/in.h>

namespace tardigrade::inet_socket {
namespace {

Error Contradiction(const char* what) {
  return Error(ErrorCode::kBadImage, StrCat("tcp_socket.", what));
}

bool IsAddress(const InetAddress& address, int family) {
  InetAddress anywhere = address;
  anywhere.scope.clear();
  return SockAddress::From(anywhere, family).has_value();
}

}  // namespace

std::string TcpKey(uint64_t inode) { return StrCat("tcp:", inode); }

std::string StandInKey(const std::string& key) { return key + ":stand-in"; }

Result<TcpState> DecodeTcp(const Value& value) {
  ASSIGN_OR_RETURN(TcpState state, Decode<TcpState>(value, "tcp_socket"));
  if (state.family != AF_INET && state.family != AF_INET6)
    return Contradiction("family is neither IPv4 nor IPv6");
  if (state.stage > Stage::kEnded) return Contradiction("stage is out of range");
  if (state.ending > Ending::kKept) return Contradiction("ending is out of range");
  if (!IsAddress(state.local, state.family)) return Contradiction("local is no address");
  const bool has_remote = state.stage == Stage::kConnecting || state.stage == Stage::kConnected ||
                          state.stage == Stage::kWaiting;
  if (has_remote && (!IsAddress(state.remote, state.family) || state.remote.port == 0))
    return Contradiction("remote is no address");
  if ((state.has_connection() || state.stage == Stage::kWaiting) && state.local.port == 0)
    return Contradiction("local of a connection has no port");
  if (state.stage == Stage::kConnected && (state.ending == Ending::kNone) == state.peer.empty())
    return Contradiction("peer and ending contradict each other");
  if (state.kept.has_value() != (state.ending == Ending::kKept))
    return Contradiction("kept and ending contradict each other");
  if (state.kept.has_value()) RETURN_IF_ERROR(CheckKept(*state.kept));
  if (state.peer == state.key) return Contradiction("peer is the socket itself");
  if (state.queue.size != 0 && !state.has_connection())
    return Contradiction("queue of a socket that is not connected");
  if (!state.waiting.empty() && state.stage != Stage::kListening)
    return Contradiction("waiting of what is no listener");
  return state;
}

Result<TcpState> DecodeTcp(const std::string& key, CreateContext& context) {
  const Value* value = context.ObjectState(key);
  if (value == nullptr) return Error(ErrorCode::kBadImage, StrCat("the image has no socket ", key));
  ASSIGN_OR_RETURN(TcpState state, DecodeTcp(*value));
  if (state.key != key)
    return Error(ErrorCode::kBadImage, StrCat("the image's object ", key, " is no such socket"));
  return state;
}

}  // namespace tardigrade::inet_socket
