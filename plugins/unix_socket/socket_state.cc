#include "plugins/unix_socket/socket_state.h"

#include <cstdlib>
#include <cstring>

namespace tardigrade::unix_socket {
namespace {

Error Contradiction(const char* what) {
  return Error(ErrorCode::kBadImage, StrCat("unix_socket.", what));
}

Status CheckName(const Name& name, const char* which) {
  if (!name.is_path()) return Ok();
  const size_t length = std::strlen(name.text.c_str());
  if (length + 1 != name.text.size() || (name.text[0] != '/' && name.directory.empty()))
    return Error(ErrorCode::kBadImage, StrCat("unix_socket.", which, " is no path"));
  return Ok();
}

// bind(2) takes what fits into sockaddr_un, and adds a NUL that does not.
constexpr size_t kLongestPath = kLongestName - 1;

Status Move(Name& name, CreateContext& context) {
  if (!name.renamed_to.empty()) name.renamed_to = context.MovedPath(name.renamed_to);
  if (!name.text.starts_with('/')) return Ok();
  const std::string old_path(name.text.c_str());
  const std::string new_path = context.MovedPath(old_path);
  if (new_path == old_path) return Ok();
  if (new_path.size() > kLongestPath)
    return Error(ErrorCode::kUsage, StrCat("--set-file: ", new_path, " is too long for the name of "
                                           "a socket: ", kLongestPath, " bytes at most"));
  name.text.assign(new_path.c_str(), new_path.size() + 1);
  return Ok();
}

Status CheckQueue(const SocketState& state) {
  uint64_t total = 0;
  for (const Message& message : state.queue.messages) {
    RETURN_IF_ERROR(CheckName(message.from, "queue.messages.from"));
    total += message.size;
  }
  if (total != state.queue.data.size)
    return Contradiction("queue.messages do not add up to queue.data");
  if (!state.queue.messages.empty() && state.type != SOCK_DGRAM && state.stage != Stage::kConnected)
    return Contradiction("queue of a socket that is not connected");
  return Ok();
}

}  // namespace

std::string SocketKey(uint64_t inode) { return StrCat("unix:", inode); }

uint32_t InodeOfKey(const std::string& key) {
  return key.starts_with("unix:")
             ? static_cast<uint32_t>(std::strtoul(key.c_str() + 5, nullptr, 10))
             : 0;
}

std::string StandInKey(const std::string& key) { return key + ":stand-in"; }

Result<SocketState> DecodeSocket(const Value& value, CreateContext& context) {
  ASSIGN_OR_RETURN(SocketState state, Decode<SocketState>(value, "unix_socket"));
  if (state.type != SOCK_STREAM && state.type != SOCK_DGRAM && state.type != SOCK_SEQPACKET)
    return Contradiction("type is none of stream, dgram and seqpacket");
  if (static_cast<uint32_t>(state.stage) > static_cast<uint32_t>(Stage::kWaiting))
    return Contradiction("stage is out of range");
  const bool datagrams = state.type == SOCK_DGRAM;
  if (datagrams && (state.stage == Stage::kListening || state.stage == Stage::kWaiting))
    return Contradiction("stage is not one of a datagram socket");
  if (state.stage == Stage::kListening && state.name.text.empty())
    return Contradiction("name of a listener is empty");
  RETURN_IF_ERROR(CheckName(state.name, "name"));
  RETURN_IF_ERROR(CheckName(state.peer_name, "peer_name"));
  RETURN_IF_ERROR(CheckQueue(state));
  RETURN_IF_ERROR(Move(state.name, context));
  RETURN_IF_ERROR(Move(state.peer_name, context));
  return state;
}

Result<SocketState> DecodeSocket(const std::string& key, CreateContext& context) {
  const Value* value = context.ObjectState(key);
  if (value == nullptr) return Error(ErrorCode::kBadImage, StrCat("the image has no socket ", key));
  ASSIGN_OR_RETURN(SocketState state, DecodeSocket(*value, context));
  if (state.key != key)
    return Error(ErrorCode::kBadImage, StrCat("the image's object ", key, " is no such socket"));
  return state;
}

std::string NameText(const Name& name) {
  if (name.text.empty()) return "(no name)";
  std::string text = name.is_path() ? std::string(name.text.c_str()) : "@" + name.text.substr(1);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text;
}

}  // namespace tardigrade::unix_socket
