#ifndef PLUGINS_INET_SOCKET_INJECT_FIN_H_
#define PLUGINS_INET_SOCKET_INJECT_FIN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/nf_tables.h"

namespace tardigrade::inet_socket {

// The packet by which the other side ends its stream.
struct FinPacket {
  TcpFlow flow;
  uint32_t seq = 0;  // Of the end of the stream.
  uint32_t acknowledged = 0;
  uint16_t window = 0;  // As it stands in the header.
};

// With the network header in front, and checksums.
std::vector<std::byte> MakeFinPacket(const FinPacket& fin);

// Lets this machine receive the packet, past what is held off: a raw socket sends it to the own
// address, which the kernel delivers by the loopback device.  `device`: SO_BINDTODEVICE of whose it
// is; "" for none. There is no other way to give a socket an end that was received.
Status InjectFin(const FinPacket& fin, const std::string& device);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_INJECT_FIN_H_
