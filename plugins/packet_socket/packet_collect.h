#ifndef PLUGINS_PACKET_SOCKET_PACKET_COLLECT_H_
#define PLUGINS_PACKET_SOCKET_PACKET_COLLECT_H_

#include "plugins/packet_socket/packet_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::packet_socket {

Status CheckPacket(const FdFacts& file);

Result<PacketState> CollectPacket(const FdFacts& file, CollectContext& context);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_PACKET_COLLECT_H_
