#include <filesystem>

#include "plugins/packet_socket/packet_socket_kind.h"
#include "plugins/packet_socket/packet_state.h"
#include "supervisor/kernel/packet_diag.h"

namespace tardigrade::packet_socket {
namespace {

Error Unsupported(const MemoryMapping& mapping, const char* why) {
  return Error(ErrorCode::kUnsupported, StrCat("the mapping at ", Hex(mapping.start), " is of ",
                                               mapping.path, ", ", why, "; unmap it first"));
}

bool HasDescriptor(pid_t pid, const std::string& link) {
  std::error_code failed;
  for (std::filesystem::directory_iterator fd(StrCat("/proc/", pid, "/fd"), failed), end;
       !failed && fd != end; fd.increment(failed)) {
    std::error_code unreadable;
    if (std::filesystem::read_symlink(fd->path(), unreadable).string() == link) return true;
  }
  return false;
}

}  // namespace

bool PacketMappingKind::Claims(const MemoryMapping& mapping) const {
  return mapping.path.starts_with("socket:[");
}

Status PacketMappingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  ASSIGN_OR_RETURN(const auto socket, FindPacketSocket(static_cast<uint32_t>(mapping.inode)));
  if (!socket.has_value() || !socket->receive_ring.has_value())
    return Unsupported(mapping, "which is no packet socket's ring");
  const PacketRingInfo& ring = *socket->receive_ring;
  if (mapping.offset != 0 || mapping.size_bytes() != uint64_t{ring.block_size} * ring.blocks)
    return Unsupported(mapping, "of which it is a part, and only the whole can be mapped again");
  if (!HasDescriptor(pid, mapping.path))
    return Unsupported(mapping, "of which the process has no descriptor any more");
  return Ok();
}

Result<MappingState> PacketMappingKind::Collect(pid_t, const MemoryMapping& mapping,
                                                CollectContext&) const {
  const PacketMappingState state{.object = PacketKey(mapping.inode)};
  return MappingState{.pages = PagePolicy::kNone, .state = Encode(state)};
}

Result<std::optional<ScopedFd>> PacketMappingKind::OpenBacking(const Value& value,
                                                               CreateContext& context) const {
  ASSIGN_OR_RETURN(const PacketMappingState state,
                   Decode<PacketMappingState>(value, "packet_ring"));
  RETURN_IF_ERROR(DecodePacket(state.object, context));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ScopedFd fd(fcntl(object, F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) return Error::Errno("duplicating a packet socket");
  return std::optional(std::move(fd));
}

}  // namespace tardigrade::packet_socket
