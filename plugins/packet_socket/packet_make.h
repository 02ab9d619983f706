#ifndef PLUGINS_PACKET_SOCKET_PACKET_MAKE_H_
#define PLUGINS_PACKET_SOCKET_PACKET_MAKE_H_

#include "plugins/packet_socket/packet_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::packet_socket {

// With its ring, and taking nothing yet.
Result<ScopedFd> MakePacket(const PacketState& state, CreateContext& context);

// Lets in what it is to take.
Status SettlePacket(const PacketState& state, int local_fd, CreateContext& context);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_PACKET_MAKE_H_
