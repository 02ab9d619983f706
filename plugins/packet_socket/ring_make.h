#ifndef PLUGINS_PACKET_SOCKET_RING_MAKE_H_
#define PLUGINS_PACKET_SOCKET_RING_MAKE_H_

#include "plugins/packet_socket/packet_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/contexts.h"

namespace tardigrade::packet_socket {

// Gives a new socket of TPACKET_V3 its ring, with what the program had not handed back in it, and
// with the kernel at the block where it was: the program knows only its own place in the ring.  The
// kernel is moved there by packets of a protocol of experiments on the loopback interface.  After
// it the socket takes nothing, until ShutOut() is undone.
//
// Errors: kUnsupported where the loopback interface is down.
Status MakeRing(const RingState& state, int local_fd, CreateContext& context);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_RING_MAKE_H_
