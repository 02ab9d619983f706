#include "plugins/inet_socket/inet_options.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade::inet_socket {
namespace {

enum class When {
  kBeforeBind,
  kAfterBind,
  kUnconnected,  // After bind(2), and only of sockets that are not connected.
};

struct Option {
  const char* name;  // In images: never changes.
  int level;
  int number;  // include/uapi/linux/{in,in6,tcp,udp}.h; some are newer than the C library.
  When when = When::kBeforeBind;
  const char* capability = "";  // What setting it may take.
};

constexpr int kIp = IPPROTO_IP;
constexpr int kIp6 = IPPROTO_IPV6;
constexpr int kTcp = IPPROTO_TCP;
constexpr int kUdp = IPPROTO_UDP;
constexpr int kUdpLite = IPPROTO_UDPLITE;
constexpr int kRaw = IPPROTO_RAW;  // SOL_RAW

// In the order in which they are set.
constexpr Option kOptions[] = {
    {"v6only", kIp6, 26},
    {"reuseport", SOL_SOCKET, 15},
    {"max_pacing_rate", SOL_SOCKET, 47, When::kAfterBind},
    {"hdrincl", kIp, 3},
    {"tos", kIp, 1, When::kAfterBind, "CAP_NET_ADMIN"},
    {"ttl", kIp, 2, When::kAfterBind},
    {"recvopts", kIp, 6},
    {"retopts", kIp, 7},
    {"pktinfo", kIp, 8, When::kAfterBind},
    {"mtu_discover", kIp, 10},
    {"recverr", kIp, 11},
    {"recvttl", kIp, 12, When::kAfterBind},
    {"recvtos", kIp, 13, When::kAfterBind},
    {"freebind", kIp, 15},
    {"passsec", kIp, 18},
    {"transparent", kIp, 19, When::kBeforeBind, "CAP_NET_RAW"},
    {"recvorigdstaddr", kIp, 20, When::kAfterBind},
    {"minttl", kIp, 21, When::kAfterBind},
    {"nodefrag", kIp, 22},
    {"checksum", kIp, 23, When::kAfterBind},
    {"bind_address_no_port", kIp, 24},
    {"recvfragsize", kIp, 25, When::kAfterBind},
    {"recverr_rfc4884", kIp, 26},
    {"multicast_if", kIp, 32},
    {"multicast_ttl", kIp, 33},
    {"multicast_loop", kIp, 34},
    {"multicast_all", kIp, 49},
    {"unicast_if", kIp, 50},
    {"local_port_range", kIp, 51},
    {"raw_checksum", kIp6, 7},
    {"flowinfo", kIp6, 11},
    {"unicast_hops", kIp6, 16, When::kAfterBind},
    {"multicast_if6", kIp6, 17},
    {"multicast_hops", kIp6, 18},
    {"multicast_loop6", kIp6, 19},
    {"mtu_discover6", kIp6, 23},
    {"recverr6", kIp6, 25},
    {"multicast_all6", kIp6, 29},
    {"recverr6_rfc4884", kIp6, 31},
    {"flowinfo_send", kIp6, 33},
    {"hdrincl6", kIp6, 36},
    {"recvpktinfo6", kIp6, 49, When::kAfterBind},
    {"recvhoplimit", kIp6, 51, When::kAfterBind},
    {"recvhopopts", kIp6, 53, When::kAfterBind},
    {"recvrthdr", kIp6, 56, When::kAfterBind},
    {"recvdstopts", kIp6, 58, When::kAfterBind},
    {"recvpathmtu", kIp6, 60, When::kAfterBind},
    {"dontfrag", kIp6, 62},
    {"recvtclass", kIp6, 66, When::kAfterBind},
    {"tclass", kIp6, 67, When::kAfterBind},
    {"autoflowlabel", kIp6, 70},
    {"addr_preferences", kIp6, 72},
    {"minhopcount", kIp6, 73, When::kAfterBind},
    {"recvorigdstaddr6", kIp6, 74, When::kAfterBind},
    {"transparent6", kIp6, 75, When::kBeforeBind, "CAP_NET_RAW"},
    {"unicast_if6", kIp6, 76},
    {"recvfragsize6", kIp6, 77, When::kAfterBind},
    {"freebind6", kIp6, 78},
    {"nodelay", kTcp, 1, When::kAfterBind},
    {"maxseg", kTcp, 2, When::kUnconnected},
    {"cork", kTcp, 3, When::kAfterBind},
    {"keepidle", kTcp, 4, When::kAfterBind},
    {"keepintvl", kTcp, 5, When::kAfterBind},
    {"keepcnt", kTcp, 6, When::kAfterBind},
    {"syncnt", kTcp, 7, When::kAfterBind},
    {"linger2", kTcp, 8, When::kAfterBind},
    {"defer_accept", kTcp, 9, When::kAfterBind},
    {"window_clamp", kTcp, 10, When::kUnconnected},
    {"thin_linear_timeouts", kTcp, 16, When::kAfterBind},
    {"user_timeout", kTcp, 18, When::kAfterBind},
    {"fastopen", kTcp, 23, When::kUnconnected},
    {"notsent_lowat", kTcp, 25, When::kAfterBind},
    {"save_syn", kTcp, 27, When::kAfterBind},
    {"fastopen_connect", kTcp, 30, When::kUnconnected},
    {"fastopen_no_cookie", kTcp, 34, When::kUnconnected},
    {"inq", kTcp, 36, When::kAfterBind},
    {"tx_delay", kTcp, 37, When::kAfterBind},
    {"udp_cork", kUdp, 1, When::kAfterBind},
    {"no_check6_tx", kUdp, 101},
    {"no_check6_rx", kUdp, 102},
    {"segment", kUdp, 103, When::kAfterBind},
    {"gro", kUdp, 104, When::kAfterBind},
    {"udplite_send_coverage", kUdpLite, 10, When::kAfterBind},
    {"udplite_receive_coverage", kUdpLite, 11, When::kAfterBind},
    {"icmp_filter", kRaw, 1},
};
// What a fresh one has is not the same on all machines, and it is final once the socket is bound.
constexpr std::string_view kAlwaysSaved = "v6only";

constexpr int kCongestion = 13;      // TCP_CONGESTION
constexpr int kUlp = 31;             // TCP_ULP
constexpr int kEncapsulation = 100;  // UDP_ENCAP

struct Protocol {
  int domain = 0;
  int type = 0;
  int protocol = 0;

  bool Has(const Option& option) const {
    // Accepted streams have some of a packet's values there, which nobody can set.
    if (type == SOCK_STREAM && std::string_view(option.name).starts_with("multicast")) return false;
    if (option.level == SOL_SOCKET || option.level == kIp) return true;
    if (option.level == kRaw) return type == SOCK_RAW && domain == AF_INET;
    if (option.level == kUdp && protocol == kUdpLite) return true;
    return option.level == kIp6 ? domain == AF_INET6 : option.level == protocol;
  }
};

std::optional<int> Get(int fd, int level, int number) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(fd, level, number, &value, &size) != 0 || size != sizeof(value))
    return std::nullopt;
  return value;
}

std::string GetText(int fd, int level, int number) {
  char text[17] = "";
  socklen_t size = sizeof(text) - 1;
  if (getsockopt(fd, level, number, text, &size) != 0) return std::string();
  return std::string(text);
}

Result<Protocol> ProtocolOf(int fd) {
  const auto domain = Get(fd, SOL_SOCKET, SO_DOMAIN), type = Get(fd, SOL_SOCKET, SO_TYPE),
             protocol = Get(fd, SOL_SOCKET, SO_PROTOCOL);
  if (!domain || !type || !protocol)
    return Error::Errno("asking for a socket's domain, type and protocol");
  return Protocol{*domain, *type, *protocol};
}

Result<ScopedFd> FreshSocket(const Protocol& protocol) {
  ScopedFd fresh(socket(protocol.domain, protocol.type | SOCK_CLOEXEC, protocol.protocol));
  if (!fresh.valid())
    return Error::Errno("making a socket to compare with",
                        errno == EPERM ? ", which takes CAP_NET_RAW" : "");
  return fresh;
}

Status CheckExtensions(int fd, const Protocol& protocol) {
  if (protocol.protocol == kTcp) {
    const std::string ulp = GetText(fd, kTcp, kUlp);
    if (!ulp.empty())
      return Error(ErrorCode::kUnsupported,
                   StrCat("the socket has an upper layer in the kernel (TCP_ULP ", ulp,
                          "), whose state cannot be read; let the program do without it"));
  }
  if (protocol.protocol == kUdp && Get(fd, kUdp, kEncapsulation).value_or(0) != 0)
    return Error(ErrorCode::kUnsupported,
                 "the socket takes packets apart for IPsec or a tunnel (UDP_ENCAP), which cannot "
                 "be saved; close it first");
  char unused[64];
  socklen_t size = sizeof(unused);
  if (getsockopt(fd, kIp, IP_OPTIONS, unused, &size) == 0 && size != 0 &&
      protocol.domain == AF_INET)
    return Error(
        ErrorCode::kUnsupported,
        "the socket sends IP options (IP_OPTIONS), which cannot be saved; take them off first");
  return Ok();
}

Status Set(int fd, const Option& option, int64_t value) {
  const int number = static_cast<int>(value);
  if (setsockopt(fd, option.level, option.number, &number, sizeof(number)) == 0) return Ok();
  const bool denied = errno == EPERM && *option.capability != '\0';
  return Error::Errno("setting the socket option ", option.name, " to ", value,
                      denied ? ", which takes " : "", denied ? option.capability : "");
}

Status SetText(int fd, int level, int number, const std::string& text, const char* what) {
  if (text.empty()) return Ok();
  if (setsockopt(fd, level, number, text.c_str(), static_cast<socklen_t>(text.size() + 1)) == 0)
    return Ok();
  return Error::Errno(what, " ", text);
}

Status CheckKnown(const InetOptions& options) {
  size_t known = 0;
  for (const Option& option : kOptions) known += options.numbers.count(option.name);
  if (known == options.numbers.size()) return Ok();
  return Error(ErrorCode::kBadImage, "a socket has an option this version does not know");
}

}  // namespace

Result<InetOptions> ReadInetOptions(int local_fd, bool connected) {
  ASSIGN_OR_RETURN(const Protocol protocol, ProtocolOf(local_fd));
  RETURN_IF_ERROR(CheckExtensions(local_fd, protocol));
  ASSIGN_OR_RETURN(const ScopedFd fresh, FreshSocket(protocol));
  InetOptions options;
  for (const Option& option : kOptions) {
    if (!protocol.Has(option) || (connected && option.when == When::kUnconnected)) continue;
    const std::optional<int> value = Get(local_fd, option.level, option.number);
    const bool always = option.name == kAlwaysSaved;
    if (value.has_value() && (always || value != Get(fresh.get(), option.level, option.number)))
      options.numbers[option.name] = *value;
  }
  options.device = GetText(local_fd, SOL_SOCKET, SO_BINDTODEVICE);
  if (protocol.protocol != kTcp) return options;
  options.congestion = GetText(local_fd, kTcp, kCongestion);
  if (options.congestion == GetText(fresh.get(), kTcp, kCongestion)) options.congestion.clear();
  return options;
}

Status ApplyBeforeBind(int local_fd, const InetOptions& options) {
  RETURN_IF_ERROR(CheckKnown(options));
  for (const Option& option : kOptions) {
    const auto saved = options.numbers.find(option.name);
    if (option.when != When::kBeforeBind || saved == options.numbers.end()) continue;
    if (Get(local_fd, option.level, option.number) != static_cast<int>(saved->second))
      RETURN_IF_ERROR(Set(local_fd, option, saved->second));
  }
  return SetText(local_fd, SOL_SOCKET, SO_BINDTODEVICE, options.device,
                 "binding a socket to the interface (CAP_NET_RAW, if it is bound to one already)");
}

Status ApplyAfterBind(int local_fd, const InetOptions& options) {
  ASSIGN_OR_RETURN(const Protocol protocol, ProtocolOf(local_fd));
  ASSIGN_OR_RETURN(const ScopedFd fresh, FreshSocket(protocol));
  for (const Option& option : kOptions) {
    if (option.name == kAlwaysSaved || !protocol.Has(option)) continue;
    const auto saved = options.numbers.find(option.name);
    if (option.when == When::kUnconnected && saved == options.numbers.end()) continue;
    const std::optional<int> wanted = saved != options.numbers.end()
                                          ? static_cast<int>(saved->second)
                                          : Get(fresh.get(), option.level, option.number);
    if (wanted.has_value() && Get(local_fd, option.level, option.number) != wanted)
      RETURN_IF_ERROR(Set(local_fd, option, *wanted));
  }
  return SetText(local_fd, kTcp, kCongestion, options.congestion,
                 "choosing the congestion control (CAP_NET_ADMIN, if it is not among "
                 "tcp_allowed_congestion_control)");
}

void ForgetManagedSizes(SocketOptions& options) {
  const auto found = options.others.find("buf_lock");
  const int64_t locked = found == options.others.end() ? 0 : found->second;
  if ((locked & 1) == 0) options.send_buffer = 0;
  if ((locked & 2) == 0) options.receive_buffer = 0;
}

}  // namespace tardigrade::inet_socket
