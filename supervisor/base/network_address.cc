#include "supervisor/base/network_address.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace tardigrade {
namespace {

const sockaddr_in& AsV4(const NetworkAddress& address) { return reinterpret_cast<const sockaddr_in&>(address.storage); }
const sockaddr_in6& AsV6(const NetworkAddress& address) { return reinterpret_cast<const sockaddr_in6&>(address.storage); }

std::optional<in_port_t> PortFrom(const std::string& text) {
  in_port_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || at != end) return std::nullopt;
  return port;
}

bool SetV4(const std::string& host, in_port_t port, NetworkAddress& address) {
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  address.size = sizeof(v4);
  return inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
}

bool SetV6(const std::string& host, in_port_t port, NetworkAddress& address) {
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  address.size = sizeof(v6);
  const size_t percent = host.find('%');
  if (percent != std::string::npos) {
    const std::string scope = host.substr(percent + 1);
    v6.sin6_scope_id = if_nametoindex(scope.c_str());
    if (v6.sin6_scope_id == 0) v6.sin6_scope_id = PortFrom(scope).value_or(0);
    if (v6.sin6_scope_id == 0) return false;
  }
  return inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6.sin6_addr) == 1;
}

}  // namespace

bool NetworkAddress::is_loopback() const {
  if (storage.ss_family == AF_INET) return (ntohl(AsV4(*this).sin_addr.s_addr) >> 24) == 127;
  return storage.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&AsV6(*this).sin6_addr);
}

std::string NetworkAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &AsV4(*this).sin_addr, text, sizeof(text));
    return StrCat(text, ":", ntohs(AsV4(*this).sin_port));
  }
  const sockaddr_in6& v6 = AsV6(*this);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  const std::string scope = v6.sin6_scope_id == 0 ? "" : StrCat("%", v6.sin6_scope_id);
  return StrCat("[", text, scope, "]:", ntohs(v6.sin6_port));
}

Result<NetworkAddress> ParseNetworkAddress(const std::string& text, const std::string& default_host) {
  const auto wrong = [&](const char* what) { return Error(ErrorCode::kUsage, StrCat("\"", text, "\": ", what)); };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos && default_host.empty()) return wrong("give HOST:PORT");
  std::string host = colon == std::string::npos ? default_host : text.substr(0, colon);
  const std::optional<in_port_t> port = PortFrom(colon == std::string::npos ? text : text.substr(colon + 1));
  if (!port.has_value()) return wrong("the port is no number from 0 to 65535");
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string::npos) return wrong("an IPv6 address goes in brackets: [ADDRESS]:PORT");
  NetworkAddress address;
  if (bracketed ? SetV6(host, *port, address) : SetV4(host, *port, address)) return address;
  return wrong("the host must be a numeric address: names are not looked up");
}

}  // namespace tardigrade
