#ifndef PLUGINS_INET_SOCKET_MULTICAST_H_
#define PLUGINS_INET_SOCKET_MULTICAST_H_

#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"

namespace tardigrade::inet_socket {

// A multicast group that a socket has joined.
struct Membership {
  std::string group;      // Address.
  std::string interface;  // Name.

  auto operator<=>(const Membership&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("group", self.group, Range<size_t>{1, 64});
    visit("interface", self.interface, Range<size_t>{1, 15});
  }
};

// The groups in the text of /proc/net/igmp and /proc/net/igmp6: which any socket may have joined.
std::vector<Membership> ParseIgmp(std::string_view text);
std::vector<Membership> ParseIgmp6(std::string_view text);

// Which of those it is that this socket has joined: the kernel answers a question about a group
// that it has not with an error.  Errors: kUnsupported for one that takes some senders only.
Result<std::vector<Membership>> ReadMemberships(int local_fd, int family);

Status Join(int local_fd, int family, const Membership& membership);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_MULTICAST_H_
