#ifndef PLUGINS_PIPE_PIPE_OBJECT_H_
#define PLUGINS_PIPE_PIPE_OBJECT_H_

#include <cstdint>
#include <string>

#include "supervisor/resource/contexts.h"

namespace tardigrade::pipe {

// Makes a pipe or opens a FIFO, with its capacity and unread data.  The descriptor is both a reader
// and a writer, so that nothing is lost and nobody sees an end before all ends are there.
class PipeObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "pipe"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
};

// Under which the end of a fresh anonymous pipe that pipe2(2) gave is set aside.  `local_fd` is any
// description of that pipe; `access_mode` O_RDONLY or O_WRONLY.
Result<std::string> OriginalEndKey(int local_fd, uint64_t access_mode);

}  // namespace tardigrade::pipe

#endif  // PLUGINS_PIPE_PIPE_OBJECT_H_
