#ifndef SUPERVISOR_BASE_NETWORK_ADDRESS_H_
#define SUPERVISOR_BASE_NETWORK_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "supervisor/base/result.h"

namespace tardigrade {

// Where somebody listens by TCP.
struct NetworkAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;  // 0: none.

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool is_loopback() const;
  std::string ToString() const;  // "10.0.0.1:4000", "[fe80::1%2]:4000"
};

// "10.0.0.1:4000" or "[2001:db8::1]:4000", with a scope ("%eth0") where it takes one; "4000" alone stands for
// `default_host`, if that is not empty.  Errors: kUsage; names of machines among them, as no static program can look them up.
Result<NetworkAddress> ParseNetworkAddress(const std::string& text, const std::string& default_host);

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_NETWORK_ADDRESS_H_
