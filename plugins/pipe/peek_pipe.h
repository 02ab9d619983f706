#ifndef PLUGINS_PIPE_PEEK_PIPE_H_
#define PLUGINS_PIPE_PEEK_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade::pipe {

struct PipeContents {
  std::vector<std::byte> bytes;
  std::vector<uint32_t> packets;  // Bytes of each; empty for a stream.
};

// What can be read from `local_fd`, an end open for reading, without taking it out.  `capacity` is
// its F_GETPIPE_SZ.  Errors: kDenied if this user may not have a pipe that large.
Result<PipeContents> PeekPipe(int local_fd, int capacity);

}  // namespace tardigrade::pipe

#endif  // PLUGINS_PIPE_PEEK_PIPE_H_
