#ifndef SUPERVISOR_TRANSPORT_BYTE_STREAM_H_
#define SUPERVISOR_TRANSPORT_BYTE_STREAM_H_

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "supervisor/base/result.h"

namespace tardigrade {

// A connection: bytes in both directions.  Errors of both calls mean that it is of no use any more.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // All of `parts`, which are used up.  Errors: kSystem.  Of what failed some may have gone out, but not all.
  virtual Status Send(std::span<iovec> parts) = 0;
  // As many as `bytes` takes.  Errors: kSystem; ECONNRESET also for an end.
  virtual Status Receive(std::span<std::byte> bytes) = 0;
  // Whether the other side has said something that was not received yet.
  virtual bool HasInput() = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_BYTE_STREAM_H_
