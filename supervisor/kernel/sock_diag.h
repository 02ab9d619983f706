#ifndef SUPERVISOR_KERNEL_SOCK_DIAG_H_
#define SUPERVISOR_KERNEL_SOCK_DIAG_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "supervisor/base/result.h"

// What all families of sock_diag(7) have in common.  `of`: "UNIX sockets", for messages.
namespace tardigrade::sock_diag {

using Bytes = std::span<const std::byte>;

// The object at the beginning.
template <typename T>
std::optional<T> Take(Bytes bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

Error Malformed(std::string_view of);

// Of what follows a fixed part of `fixed_bytes`.  `set` returns false for an attribute that is
// malformed.
Status ForEachAttribute(Bytes bytes, size_t fixed_bytes, std::string_view of,
                        const std::function<bool(uint16_t type, Bytes content)>& set);

// One datagram of an answer: `add` gets what it says of each socket.  Returns true if nothing
// follows.  Errors: what the kernel answered, kInternal if it is malformed.
Result<bool> ParseDatagram(Bytes datagram, std::string_view of,
                           const std::function<Status(Bytes)>& add);

// Sends `question`, and has `parse` (ParseDatagram) look at each datagram of the answer.
Status Ask(int netlink, Bytes question, std::string_view of,
           const std::function<Result<bool>(Bytes)>& parse);

}  // namespace tardigrade::sock_diag

#endif  // SUPERVISOR_KERNEL_SOCK_DIAG_H_
