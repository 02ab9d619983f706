#include "plugins/inet_socket/multicast.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "plugins/inet_socket/inet_address.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::inet_socket {
namespace {

Result<SockAddress> GroupAddress(const Membership& membership) {
  const bool is_v6 = membership.group.find(':') != std::string::npos;
  return SockAddress::From({.text = membership.group, .port = 0, .scope = ""},
                           is_v6 ? AF_INET6 : AF_INET);
}

int LevelOf(const Membership& membership) {
  return membership.group.find(':') != std::string::npos ? IPPROTO_IPV6 : IPPROTO_IP;
}

// ip_mc_gsfget(), net/ipv4/igmp.c; ip6_mc_msfget(), net/ipv6/mcast.c.
Result<bool> HasJoined(int fd, const Membership& membership) {
  ASSIGN_OR_RETURN(const SockAddress group, GroupAddress(membership));
  group_filter filter = {};
  filter.gf_interface = if_nametoindex(membership.interface.c_str());
  std::memcpy(&filter.gf_group, group.data(), group.size());
  socklen_t size = sizeof(filter);
  if (getsockopt(fd, LevelOf(membership), MCAST_MSFILTER, &filter, &size) != 0) return false;
  if (filter.gf_fmode == MCAST_EXCLUDE && filter.gf_numsrc == 0) return true;
  return Error(ErrorCode::kUnsupported,
               StrCat("the socket takes what some senders send to ", membership.group,
                      " only, which cannot be saved; let it leave the group first"));
}

}  // namespace

// "1\tlo        :     1      V3", and below it, indented, a line for each group, in host order.
std::vector<Membership> ParseIgmp(std::string_view text) {
  std::vector<Membership> groups;
  std::istringstream lines{std::string(text)};
  std::string line, interface;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (line[0] != '\t' && line[0] != ' ') {
      interface = second.substr(0, second.find(':'));
      continue;
    }
    const in_addr address{.s_addr =
                              static_cast<in_addr_t>(std::strtoul(first.c_str(), nullptr, 16))};
    char group[INET_ADDRSTRLEN] = "";
    if (inet_ntop(AF_INET, &address, group, sizeof(group)) != nullptr && !interface.empty())
      groups.push_back({group, interface});
  }
  return groups;
}

// "1    lo              ff020000000000000000000000000001     1 0000000C 0"
std::vector<Membership> ParseIgmp6(std::string_view text) {
  std::vector<Membership> groups;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string index, interface, digits;
    words >> index >> interface >> digits;
    in6_addr address = {};
    if (digits.size() != 2 * sizeof(address)) continue;
    for (size_t i = 0; i < sizeof(address); ++i)
      address.s6_addr[i] =
          static_cast<uint8_t>(std::strtoul(digits.substr(2 * i, 2).c_str(), nullptr, 16));
    char group[INET6_ADDRSTRLEN] = "";
    if (inet_ntop(AF_INET6, &address, group, sizeof(group)) != nullptr)
      groups.push_back({group, interface});
  }
  return groups;
}

Result<std::vector<Membership>> ReadMemberships(int local_fd, int family) {
  std::vector<Membership> possible, joined;
  if (const Result<std::string> text = ReadFile("/proc/net/igmp"); text.has_value())
    possible = ParseIgmp(text.value());
  if (family == AF_INET6) {
    const Result<std::string> text = ReadFile("/proc/net/igmp6");
    if (text.has_value()) {
      for (Membership& membership : ParseIgmp6(text.value()))
        possible.push_back(std::move(membership));
    }
  }
  for (const Membership& membership : possible) {
    ASSIGN_OR_RETURN(const bool is_member, HasJoined(local_fd, membership));
    if (is_member) joined.push_back(membership);
  }
  return joined;
}

Status Join(int local_fd, int family, const Membership& membership) {
  ASSIGN_OR_RETURN(const SockAddress group, GroupAddress(membership));
  if (family == AF_INET && LevelOf(membership) != IPPROTO_IP)
    return Error(ErrorCode::kBadImage,
                 StrCat("an IPv4 socket cannot be of the group ", membership.group));
  group_req request = {};
  request.gr_interface = if_nametoindex(membership.interface.c_str());
  std::memcpy(&request.gr_group, group.data(), group.size());
  if (request.gr_interface != 0 &&
      setsockopt(local_fd, LevelOf(membership), MCAST_JOIN_GROUP, &request, sizeof(request)) == 0)
    return Ok();
  return Error::Errno("joining the multicast group ", membership.group, " at the interface ",
                      membership.interface);
}

}  // namespace tardigrade::inet_socket
