#include "plugins/inet_socket/tcp_resumption.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plugins/inet_socket/inet_address.h"
#include "plugins/inet_socket/tcp_hold.h"
#include "plugins/inet_socket/tcp_kept_make.h"
#include "plugins/inet_socket/tcp_repair.h"
#include "plugins/inet_socket/tcp_state.h"
#include "supervisor/kernel/nf_tables.h"

namespace tardigrade::inet_socket {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

struct Awaited {
  TcpState state;
  std::vector<std::byte> not_sent;
};

bool WasReusable(const TcpState& state) {
  const auto found = state.options.others.find("reuseaddr");
  return found != state.options.others.end() && found->second != 0;
}

// There was room for it in the old one, but segments may lie otherwise now.
Status SendRest(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) bytes = bytes.subspan(static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN)
      return Ok();  // The connection has ended: the job will be told.
    if (sent < 0)
      RaiseSendBuffer(fd, static_cast<uint32_t>(SocketNumber(fd, SO_SNDBUF)) + 4 * bytes.size());
  }
  return Ok();
}

class TcpResumption final : public Resumption {
 public:
  static Result<std::unique_ptr<TcpResumption>> Start(std::map<TcpFlow, Awaited> awaited) {
    RETURN_IF_ERROR(CheckMayRepair());
    ASSIGN_OR_RETURN(NfTables filter, NfTables::Open());
    RETURN_IF_ERROR(filter.RemoveRunOut(kTablePrefix));
    ASSIGN_OR_RETURN(std::string name, NewTableName());
    std::vector<TcpFlow> flows;
    for (const auto& [flow, one] : awaited) flows.push_back(flow);
    RETURN_IF_ERROR(filter.HoldOff(name, flows, 0), "holding packets off");
    return std::unique_ptr<TcpResumption>(
        new TcpResumption(std::move(awaited), std::move(filter), std::move(name)));
  }

  // Nothing is lost between the two: what comes while a socket is in repair is received.
  Status Release(std::span<const ScopedFd> held_back) override {
    RETURN_IF_ERROR(filter_.Remove(name_));
    std::set<std::string> tables;
    for (const auto& [flow, one] : awaited_) tables.insert(one.state.kept->hold);
    for (const std::string& table : tables) RETURN_IF_ERROR(filter_.Remove(table));
    for (const ScopedFd& fd : held_back) {
      ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(fd.get()));
      ASSIGN_OR_RETURN(const SockAddress remote, ReadRemote(fd.get()));
      const auto found =
          awaited_.find({.local = local.ToEndpoint(), .remote = remote.ToEndpoint()});
      if (found != awaited_.end()) RETURN_IF_ERROR(GoOn(fd.get(), found->second));
    }
    return Ok();
  }

 private:
  TcpResumption(std::map<TcpFlow, Awaited> awaited, NfTables filter, std::string name)
      : awaited_(std::move(awaited)), filter_(std::move(filter)), name_(std::move(name)) {}

  // Out of repair with a probe: the answer says what the other side has got, and that its packets
  // find somebody again.
  static Status GoOn(int fd, const Awaited& awaited) {
    const int off = TCP_REPAIR_OFF;
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)) != 0)
      return Error::Errno("TCP_REPAIR");
    const int on = 1;
    if (WasReusable(awaited.state)) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    RETURN_IF_ERROR(SendRest(fd, awaited.not_sent));
    if (awaited.state.shutdown != 0)
      (void)shutdown(fd, static_cast<int>(awaited.state.shutdown) - 1);
    return Ok();
  }

  std::map<TcpFlow, Awaited> awaited_;
  NfTables filter_;
  std::string name_;  // Of the table that goes with this process.
};

}  // namespace

Result<std::unique_ptr<Resumption>> ResumeTcp(std::span<const Value* const> states,
                                              const AttachmentReader& attachments) {
  std::map<TcpFlow, Awaited> awaited;
  for (const Value* value : states) {
    Awaited one;
    ASSIGN_OR_RETURN(one.state, DecodeTcp(*value));
    if (!one.state.kept.has_value()) continue;
    ASSIGN_OR_RETURN(one.not_sent, attachments.Get(one.state.kept->not_sent, kMostBytes));
    ASSIGN_OR_RETURN(const TcpFlow flow, FlowOf(one.state));
    awaited.insert_or_assign(flow, std::move(one));
  }
  if (awaited.empty()) return std::unique_ptr<Resumption>();
  ASSIGN_OR_RETURN(std::unique_ptr<TcpResumption> resumption,
                   TcpResumption::Start(std::move(awaited)));
  return std::unique_ptr<Resumption>(std::move(resumption));
}

}  // namespace tardigrade::inet_socket
