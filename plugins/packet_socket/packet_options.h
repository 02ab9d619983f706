#ifndef PLUGINS_PACKET_SOCKET_PACKET_OPTIONS_H_
#define PLUGINS_PACKET_SOCKET_PACKET_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade::packet_socket {

// Of SOL_PACKET: those that differ from a fresh socket's, by the names of the table.
Result<std::map<std::string, int64_t>> ReadPacketOptions(int local_fd);
// Before there is a ring.  Errors: kBadImage for options this version does not know.
Status ApplyPacketOptions(int local_fd, const std::map<std::string, int64_t>& options);

// PACKET_FANOUT of a socket in a group, as getsockopt(2) shows it: number, type, flags.  Errors:
// kUnsupported for groups in which a program chooses, which the kernel does not show.
Result<uint32_t> ReadFanout(int local_fd);

}  // namespace tardigrade::packet_socket

#endif  // PLUGINS_PACKET_SOCKET_PACKET_OPTIONS_H_
