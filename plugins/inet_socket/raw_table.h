#ifndef PLUGINS_INET_SOCKET_RAW_TABLE_H_
#define PLUGINS_INET_SOCKET_RAW_TABLE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"

namespace tardigrade::inet_socket {

// A line of /proc/net/raw, raw6, icmp or icmp6.
struct RawSocketInfo {
  InetEndpoint local;
  InetEndpoint remote;
  bool connected = false;
  bool operator==(const RawSocketInfo&) const = default;
};

// The line of the socket with this inode: raw_sock_seq_show(), net/ipv4/raw.c,
// ping_v4_format_sock(), net/ipv4/ping.c, and __ip6_dgram_sock_seq_show(), net/ipv6/datagram.c.
// nullopt if there is none.
std::optional<RawSocketInfo> ParseRawTable(std::string_view text, uint64_t inode);

// getpeername(2) tells nothing of a socket that is connected without a port; this does.
Result<std::optional<RawSocketInfo>> FindRawSocket(int family, int type, uint64_t inode);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_RAW_TABLE_H_
