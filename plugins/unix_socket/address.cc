#include "plugins/unix_socket/address.h"

#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tardigrade::unix_socket {
namespace {

constexpr size_t kTextAt = offsetof(sockaddr_un, sun_path);

}  // namespace

Address::Address(const std::string& text) {
  storage_.ss_family = AF_UNIX;
  // bind(2) takes sockaddr_un at most; it adds the NUL that may be missing.
  const size_t length = std::min(text.size(), sizeof(sockaddr_un) - kTextAt);
  std::memcpy(reinterpret_cast<char*>(&storage_) + kTextAt, text.data(), length);
  size_ = static_cast<socklen_t>(kTextAt + length);
}

std::string Address::Text(socklen_t size) const {
  if (size <= kTextAt) return std::string();
  return std::string(reinterpret_cast<const char*>(&storage_) + kTextAt,
                     std::min<size_t>(size, sizeof(storage_)) - kTextAt);
}

Result<std::string> ReadName(int local_fd) {
  Address address;
  socklen_t size = address.capacity();
  if (getsockname(local_fd, address.data(), &size) != 0) return Error::Errno("getsockname");
  return address.Text(size);
}

Result<std::string> ReadPeerName(int local_fd) {
  Address address;
  socklen_t size = address.capacity();
  if (getpeername(local_fd, address.data(), &size) == 0) return address.Text(size);
  if (errno == ENOTCONN) return std::string();
  return Error::Errno("getpeername");
}

}  // namespace tardigrade::unix_socket
