#include "plugins/inet_socket/inet_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tardigrade::inet_socket {
namespace {

Error NoAddress(const InetAddress& address) {
  return Error(ErrorCode::kBadImage,
               StrCat("\"", address.text, "\" is no address of the socket's family"));
}

}  // namespace

Result<SockAddress> SockAddress::From(const InetAddress& address, int family) {
  SockAddress result;
  if (family == AF_INET) {
    auto* four = reinterpret_cast<sockaddr_in*>(&result.storage_);
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<uint16_t>(address.port));
    if (inet_pton(AF_INET, address.text.c_str(), &four->sin_addr) != 1) return NoAddress(address);
    result.size_ = sizeof(*four);
    return result;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&result.storage_);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(static_cast<uint16_t>(address.port));
  if (family != AF_INET6 || inet_pton(AF_INET6, address.text.c_str(), &six->sin6_addr) != 1)
    return NoAddress(address);
  result.size_ = sizeof(*six);
  if (address.scope.empty()) return result;
  six->sin6_scope_id = if_nametoindex(address.scope.c_str());
  if (six->sin6_scope_id == 0)
    return Error::Errno("the address ", AddressText(address), " is of the interface ",
                        address.scope, ", which is not here");
  return result;
}

InetAddress SockAddress::ToInetAddress() const {
  InetAddress address;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage_.ss_family == AF_INET && size_ >= sizeof(sockaddr_in)) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&storage_);
    address.text = inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
    address.port = ntohs(four->sin_port);
  } else if (storage_.ss_family == AF_INET6 && size_ >= sizeof(sockaddr_in6)) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&storage_);
    address.text = inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
    address.port = ntohs(six->sin6_port);
    char name[IF_NAMESIZE] = "";
    if (six->sin6_scope_id != 0 && if_indextoname(six->sin6_scope_id, name) != nullptr)
      address.scope = name;
  }
  return address;
}

InetEndpoint SockAddress::ToEndpoint() const {
  InetEndpoint end;
  if (storage_.ss_family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&storage_);
    std::memcpy(end.address.data(), &four->sin_addr, 4);
    end.port = ntohs(four->sin_port);
  } else if (storage_.ss_family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&storage_);
    end.port = ntohs(six->sin6_port);
    end.is_v6 = !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
    const uint8_t* bytes = six->sin6_addr.s6_addr;
    std::copy(end.is_v6 ? bytes : bytes + 12, bytes + 16, end.address.begin());
  }
  return end;
}

Result<SockAddress> ReadLocal(int local_fd) {
  SockAddress address;
  if (getsockname(local_fd, address.data(), address.room()) != 0)
    return Error::Errno("getsockname");
  return address;
}

Result<SockAddress> ReadRemote(int local_fd) {
  SockAddress address;
  if (getpeername(local_fd, address.data(), address.room()) == 0) return address;
  if (errno != ENOTCONN) return Error::Errno("getpeername");
  return SockAddress();
}

Result<SockAddress> WithoutPort(const InetAddress& address, int family) {
  InetAddress any_port = address;
  any_port.port = 0;
  return SockAddress::From(any_port, family);
}

InetAddress AsAddress(const InetEndpoint& end, int family) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(end.is_v6 ? AF_INET6 : AF_INET, end.address.data(), text, sizeof(text));
  const bool mapped = family == AF_INET6 && !end.is_v6;
  return {.text = StrCat(mapped ? "::ffff:" : "", text), .port = end.port, .scope = ""};
}

std::string AddressText(const InetAddress& address) {
  if (address.empty()) return "(no address)";
  if (address.text.find(':') == std::string::npos) return StrCat(address.text, ":", address.port);
  return StrCat("[", address.text, address.scope.empty() ? "" : "%", address.scope,
                "]:", address.port);
}

std::string EndpointText(const InetEndpoint& end) {
  return AddressText(AsAddress(end, end.is_v6 ? AF_INET6 : AF_INET));
}

}  // namespace tardigrade::inet_socket
