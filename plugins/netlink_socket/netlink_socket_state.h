#ifndef PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_STATE_H_
#define PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_STATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/socket_options.h"

namespace tardigrade::netlink_socket {

struct NetlinkSocketState {
  OpenFileState open;
  int32_t type = 0;      // SOCK_RAW or SOCK_DGRAM
  int32_t protocol = 0;  // NETLINK_*
  uint32_t port = 0;     // nl_pid; 0: not bound yet.
  uint32_t peer_port = 0;
  uint32_t peer_groups = 0;      // A mask of one, as connect(2) takes it.
  std::vector<uint32_t> groups;  // Numbers, ascending.
  std::map<std::string, int64_t> options;  // Of SOL_NETLINK, those that are on.
  SocketOptions socket;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("type", self.type, Range<int32_t>{1, 10});
    visit("protocol", self.protocol, Range<int32_t>{0, 31});
    visit("port", self.port);
    visit("peer_port", self.peer_port);
    visit("peer_groups", self.peer_groups);
    visit("groups", self.groups, Range<size_t>{0, 4096});
    visit("options", self.options);
    visit("socket", self.socket);
  }
};

}  // namespace tardigrade::netlink_socket

#endif  // PLUGINS_NETLINK_SOCKET_NETLINK_SOCKET_STATE_H_
