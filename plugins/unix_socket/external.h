#ifndef PLUGINS_UNIX_SOCKET_EXTERNAL_H_
#define PLUGINS_UNIX_SOCKET_EXTERNAL_H_

#include <cstdint>
#include <string_view>

#include "plugins/unix_socket/socket_state.h"
#include "supervisor/base/result.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::unix_socket {

// What becomes of connections to others: none of this kind can be kept.
ExternalPolicy PolicyOf(const FdFacts& file);

// kUnsupported: `file` "is connected to" the socket `inode` of a process that is not saved; says
// whose, and the ways out.
Error RefuseExternal(const FdFacts& file, uint32_t inode, std::string_view relation);

// Whether the policy can be kept with a peer outside the image.  Errors: kUnsupported.
Status CheckExternal(const FdFacts& file, uint32_t peer, const SocketState& state);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_EXTERNAL_H_
