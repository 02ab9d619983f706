#ifndef PLUGINS_UNIX_SOCKET_ADDRESS_H_
#define PLUGINS_UNIX_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstddef>
#include <string>

#include "supervisor/base/result.h"

namespace tardigrade::unix_socket {

// A sockaddr_un with room for the NUL that the kernel adds to a path that fills it.
class Address {
 public:
  Address() = default;
  explicit Address(const std::string& text);

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t capacity() const { return sizeof(storage_); }
  // Of the address the constructor was given; as bind(2) and connect(2) want it.
  socklen_t size() const { return size_; }

  // sun_path of what the kernel wrote, `size` bytes in all.
  std::string Text(socklen_t size) const;

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

// getsockname(2).
Result<std::string> ReadName(int local_fd);
// getpeername(2); "" if it is not connected.
Result<std::string> ReadPeerName(int local_fd);

}  // namespace tardigrade::unix_socket

#endif  // PLUGINS_UNIX_SOCKET_ADDRESS_H_
