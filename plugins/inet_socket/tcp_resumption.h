#ifndef PLUGINS_INET_SOCKET_TCP_RESUMPTION_H_
#define PLUGINS_INET_SOCKET_TCP_RESUMPTION_H_

#include <memory>
#include <span>

#include "supervisor/base/result.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/value.h"
#include "supervisor/resource/suspension.h"

namespace tardigrade::inet_socket {

// Holds packets off of the connections among `states` that go on, until the job runs.  Null: there
// are none.  Errors: kDenied, kUnsupported.
Result<std::unique_ptr<Resumption>> ResumeTcp(std::span<const Value* const> states,
                                              const AttachmentReader& attachments);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_TCP_RESUMPTION_H_
