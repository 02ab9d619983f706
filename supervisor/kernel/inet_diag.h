#ifndef SUPERVISOR_KERNEL_INET_DIAG_H_
#define SUPERVISOR_KERNEL_INET_DIAG_H_

#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

// States of a TCP socket: include/net/tcp_states.h.
enum class TcpStage : uint8_t {
  kEstablished = 1,
  kSynSent = 2,
  kSynReceived = 3,
  kFinWait1 = 4,
  kFinWait2 = 5,
  kTimeWait = 6,
  kClosed = 7,
  kCloseWait = 8,
  kLastAck = 9,
  kListening = 10,
  kClosing = 11,
};

constexpr uint32_t TcpStageBit(TcpStage stage) { return 1u << static_cast<uint8_t>(stage); }

// One end of a connection, as the kernel tells its ends apart: an IPv4 address in the four bytes of
// an IPv4-mapped IPv6 address is that IPv4 address.
struct InetEndpoint {
  bool is_v6 = false;
  std::array<uint8_t, 16> address = {};  // In network order; of IPv4 the first four.
  uint16_t port = 0;                     // In host order.
  auto operator<=>(const InetEndpoint&) const = default;

  bool IsLoopback() const;
  bool IsAny() const;  // The address: 0.0.0.0 or ::.
};

// What the kernel tells of one TCP socket: sock_diag(7), net/ipv4/inet_diag.c, net/ipv4/tcp_diag.c.
struct TcpSocketInfo {
  InetEndpoint local;
  InetEndpoint remote;
  uint32_t inode = 0;  // 0: no process has it: closed and lingering, or waiting to be accepted.
  TcpStage stage = TcpStage::kClosed;
  uint32_t interface = 0;  // SO_BINDTODEVICE, or the scope of an address; 0: none.
  // Bytes not read, one more where the end of the stream follows; of a listener, how many wait.
  uint32_t receive_queue = 0;
  // Bytes not acknowledged, one more for the end of the stream; of a listener, its backlog.
  uint32_t send_queue = 0;
  uint8_t shutdown = 0;  // 1: for reading, 2: for writing, 3: both.

  // From struct tcp_info; 0 for what is closed and lingers.
  uint64_t bytes_sent = 0;  // Sent at least once, counting again what was sent again.
  uint64_t bytes_sent_again = 0;
  uint64_t bytes_received = 0;  // In order; the end of the stream counts for one.
  uint64_t bytes_acknowledged = 0;
  uint32_t bytes_not_sent = 0;
  uint32_t last_ack_received_ms = 0;  // So long ago.

  bool operator==(const TcpSocketInfo&) const = default;
};

// Appends the sockets of one netlink datagram to `sockets`; true after the last one.  Errors:
// kSystem with the kernel's errno, kInternal for a malformed datagram.
Result<bool> ParseInetDiag(std::span<const std::byte> datagram,
                           std::vector<TcpSocketInfo>& sockets);

// Asks about the TCP sockets of the caller's network namespace; takes no privilege.
class InetDiag {
 public:
  // Errors: kUnsupported without CONFIG_INET_DIAG.
  static Result<InetDiag> Open();

  // The socket with these two ends, in any state but closed and listening.  nullopt if there is
  // none.
  Result<std::optional<TcpSocketInfo>> Find(const InetEndpoint& local, const InetEndpoint& remote,
                                            uint32_t interface = 0);

  // All in one of `stages` (bits) with this local port (0: any), in either family.
  Result<std::vector<TcpSocketInfo>> List(uint32_t stages, uint16_t local_port);
  // The same of UDP sockets (or of UDP-Lite), of which only ends, inode and shutdown mean anything.  Empty where the
  // kernel does not tell.
  Result<std::vector<TcpSocketInfo>> ListUdp(uint16_t local_port, uint8_t protocol = IPPROTO_UDP);

 private:
  explicit InetDiag(ScopedFd netlink) : netlink_(std::move(netlink)) {}
  Result<std::vector<TcpSocketInfo>> Ask(std::span<const std::byte> question);
  Result<std::vector<TcpSocketInfo>> ListOf(uint8_t protocol, uint32_t stages, uint16_t local_port);
  ScopedFd netlink_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_INET_DIAG_H_
