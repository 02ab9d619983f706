#ifndef PLUGINS_INET_SOCKET_INET_ADDRESS_H_
#define PLUGINS_INET_SOCKET_INET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/fields.h"
#include "supervisor/kernel/inet_diag.h"

namespace tardigrade::inet_socket {

// An address and a port, as a socket of its family shows it.
struct InetAddress {
  std::string text;   // As inet_ntop(3) writes it; "" for none.  With a colon it is IPv6.
  uint32_t port = 0;  // In host order.
  std::string scope;  // The interface of a link-local address.

  bool empty() const { return text.empty(); }
  bool operator==(const InetAddress&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("text", self.text, Range<size_t>{0, 64});
    visit("port", self.port, Range<uint32_t>{0, 65535});
    visit("scope", self.scope, Range<size_t>{0, 15});
  }
};

// The same as system calls take it.
class SockAddress {
 public:
  SockAddress() = default;
  // Errors: kBadImage if it is no address of `family`; kSystem if there is no such interface.
  static Result<SockAddress> From(const InetAddress& address, int family);

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  // To be filled in by the kernel, which says how much in `size`.
  socklen_t* room() {
    size_ = sizeof(storage_);
    return &size_;
  }

  void set_size(socklen_t size) { size_ = size; }

  InetAddress ToInetAddress() const;  // Empty if it is of no such family.
  InetEndpoint ToEndpoint() const;

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

// getsockname(2).
Result<SockAddress> ReadLocal(int local_fd);
// getpeername(2); of size 0 if it is not connected.
Result<SockAddress> ReadRemote(int local_fd);

// The address with port 0: the kernel chooses one.
Result<SockAddress> WithoutPort(const InetAddress& address, int family);

// As a socket of `family` shows it.
InetAddress AsAddress(const InetEndpoint& end, int family);

// "127.0.0.1:80", "[::1]:80"
std::string AddressText(const InetAddress& address);
std::string EndpointText(const InetEndpoint& end);

}  // namespace tardigrade::inet_socket

#endif  // PLUGINS_INET_SOCKET_INET_ADDRESS_H_
