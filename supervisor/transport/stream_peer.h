#ifndef SUPERVISOR_TRANSPORT_STREAM_PEER_H_
#define SUPERVISOR_TRANSPORT_STREAM_PEER_H_

#include <chrono>
#include <optional>

#include "protocols/stream.h"
#include "supervisor/base/result.h"
#include "supervisor/base/stream_options.h"
#include "supervisor/transport/stream_channel.h"

namespace tardigrade {

// What both sides of a migration do.

// A connection that broke when it mattered is made again: so long the source tries, and so long the receiver waits.  The
// receiver is the more patient, so that who comes in time is let in.
inline constexpr std::chrono::seconds kSourceReturns(5);
inline constexpr std::chrono::seconds kReceiverWaits(10);

// The key, if there is one.  Errors: kUsage if there is none, the address is not this machine's own, and nobody said that it
// does not matter.
Result<std::optional<StreamKey>> KeyFor(const StreamOptions& options);

// kFailed, and back.
Status SayFailed(StreamChannel& channel, const Error& error);
Error ErrorIn(const StreamMessage& message, const char* who);

Error UnexpectedRecord(const StreamMessage& message);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_STREAM_PEER_H_
