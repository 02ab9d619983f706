#ifndef PLUGINS_INET_SOCKET_UDP_QUEUE_H_
#define PLUGINS_INET_SOCKET_UDP_QUEUE_H_

#include <cstddef>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "supervisor/base/result.h"

namespace tardigrade::inet_socket {

struct PeekedDatagram {
  std::vector<std::byte> bytes;
  SockAddress from;
  InetAddress to;  // Empty if the socket does not ask for it.
};

// The unread datagrams in their order, without taking them out.  Nobody may read from the socket
// meanwhile.  SO_PEEK_OFF moves through the queue; it is set back when this returns and, by a
// helper process, when the caller dies.  Errors: kUnsupported where an error is pending.
Result<std::vector<PeekedDatagram>> PeekDatagrams(int local_fd);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_UDP_QUEUE_H_
