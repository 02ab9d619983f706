#ifndef SUPERVISOR_KERNEL_NF_TABLES_H_
#define SUPERVISOR_KERNEL_NF_TABLES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/inet_diag.h"

namespace tardigrade {

// A TCP connection, as its packets show it.  Both ends are of one family.
struct TcpFlow {
  InetEndpoint local;
  InetEndpoint remote;
  auto operator<=>(const TcpFlow&) const = default;
};

// Packets that go past a hold: those with this mark (SO_MARK).
inline constexpr uint32_t kPassingMark = 0x54617264;

// Tables of the packet filter in the caller's network namespace: nfnetlink, subsystem nf_tables
// (net/netfilter/nf_tables_api.c).  Takes CAP_NET_ADMIN.
class NfTables {
 public:
  // Errors: kDenied; kUnsupported where the kernel has no packet filter.
  static Result<NfTables> Open();

  // Makes the table `name` (family inet), by which every packet of `flows` is lost, in both
  // directions: incoming ones before anything else sees them (prerouting), outgoing ones as they
  // leave (output).  All of it or nothing (a batch is a transaction). `lease_s` 0: it is this
  // object's, and gone when its socket is closed by all who have it (flag `owner`, since 5.12).
  // Else it lasts, and each flow is let through again after so many seconds.
  Status HoldOff(const std::string& name, std::span<const TcpFlow> flows, uint32_t lease_s);

  // Nothing happens if there is none.
  Status Remove(const std::string& name);

  // Those whose names begin so and that nobody owns.
  Result<std::vector<std::string>> ListLeased(std::string_view prefix);

  // Whether all leases of the table have run out.
  Result<bool> HasRunOut(const std::string& name);

  // Removes those of which that is true.
  Status RemoveRunOut(std::string_view prefix);

  int fd() const { return netlink_.get(); }

 private:
  explicit NfTables(ScopedFd netlink) : netlink_(std::move(netlink)) {}
  ScopedFd netlink_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_NF_TABLES_H_
