#ifndef PLUGINS_UNIX_SOCKET_UNSEEN_MESSAGES_H_
#define PLUGINS_UNIX_SOCKET_UNSEEN_MESSAGES_H_

#include <cstdint>

#include "plugins/unix_socket/peek_queue.h"
#include "supervisor/base/result.h"

namespace tardigrade::unix_socket {

// Whether a queue holds messages without bytes beside those that were seen: SO_PEEK_OFF passes over
// one that was looked at before.  `accounted` is the memory of all that its only sender has sent and
// is unread (UnixSocketInfo::send_queue); what the seen messages take is found out by sending as many
// bytes to nobody.
Result<bool> HasUnseenMessages(int type, const PeekedQueue& seen, uint32_t accounted);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_UNSEEN_MESSAGES_H_
