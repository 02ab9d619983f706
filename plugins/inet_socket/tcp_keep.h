#ifndef PLUGINS_INET_SOCKET_TCP_KEEP_H_
#define PLUGINS_INET_SOCKET_TCP_KEEP_H_

#include <cstdint>
#include <memory>
#include <span>

#include "plugins/inet_socket/tcp_hold.h"
#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/base/result.h"
#include "supervisor/kernel/inet_diag.h"
#include "supervisor/resource/fd_kind.h"

// Connections to others that go on: --external keep.
namespace tardigrade::inet_socket {

// Holds packets off of those among `files` that are to be kept.  Null: there are none.
Result<std::unique_ptr<Suspension>> SuspendTcp(std::span<const FdFacts* const> files,
                                               std::span<const FdFacts> all, uint32_t hold_s);

// nullptr if the file is none of them.
const HeldSocket* HeldOf(const FdFacts& file);

// A connection that is held.
Status CollectKept(const FdFacts& file, const HeldSocket& held, InetDiag& diag,
                   CollectContext& context, TcpState& state);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_KEEP_H_
