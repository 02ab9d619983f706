#ifndef SUPERVISOR_RESOURCE_SOCKET_OPTIONS_H_
#define SUPERVISOR_RESOURCE_SOCKET_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"

namespace tardigrade {

// What setsockopt(2) sets at SOL_SOCKET, for sockets of any family.
struct SocketOptions {
  uint32_t send_buffer = 0;     // Bytes as getsockopt(2) shows them: twice what was asked for.  0: as the kernel likes.
  uint32_t receive_buffer = 0;
  // Options that differ from a fresh socket's, by the name of the table in socket_options.cc.  Times
  // in microseconds, lingering in seconds or -1.
  std::map<std::string, int64_t> others;
  std::vector<uint64_t> filter;  // Classic BPF: struct sock_filter as the kernel's 8 bytes.

  bool operator==(const SocketOptions&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("send_buffer", self.send_buffer, Range<uint32_t>{0, 1u << 31});
    visit("receive_buffer", self.receive_buffer, Range<uint32_t>{0, 1u << 31});
    visit("others", self.others);
    visit("filter", self.filter, Range<size_t>{0, 4096});
  }
};

// Errors: kUnsupported for an eBPF filter, which the kernel does not show.
Result<SocketOptions> ReadSocketOptions(int local_fd);

// Gives the socket all of them, those included in which it differs from a fresh one and should not.
// Errors: kDenied, naming the option, where a limit or a missing capability is in the way.
Status ApplySocketOptions(int local_fd, const SocketOptions& options);

// Sets the send buffer to at least `bytes` as far as this user may: best effort, for filling queues.
void RaiseSendBuffer(int local_fd, uint32_t bytes);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_SOCKET_OPTIONS_H_
