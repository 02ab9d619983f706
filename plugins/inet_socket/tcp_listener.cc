#include "plugins/inet_socket/tcp_listener.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "plugins/inet_socket/tcp_connect.h"
#include "plugins/inet_socket/tcp_connection.h"
#include "supervisor/resource/socket_holder.h"

namespace tardigrade::inet_socket {
namespace {

constexpr uint32_t kNotAccepted = TcpStageBit(TcpStage::kEstablished) |
                                  TcpStageBit(TcpStage::kCloseWait) |
                                  TcpStageBit(TcpStage::kSynReceived);

constexpr size_t kFewWaiting = 100;
constexpr auto kApart = std::chrono::milliseconds(5);  // More than a tick of the kernel's clock.

Error Unseen(const FdFacts& file, const TcpSocketInfo& child) {
  return Error(ErrorCode::kUnsupported,
               StrCat("a connection from ", EndpointText(child.remote),
                      " waits to be accepted by fd ", file.fd,
                      " and was written to or ended: what was written shows to nobody before that; "
                      "try again when it was accepted"))
      .Passing();
}

Error Outside(const FdFacts& file, const TcpSocketInfo& child, uint32_t client) {
  return Error(ErrorCode::kUnsupported,
               StrCat("a connection from ", EndpointText(child.remote), client == 0 ? "" : ", ",
                      client == 0 ? "" : DescribeSocketHolder(client),
                      ", which is not saved, waits to be accepted by fd ", file.fd,
                      "; try again when it was accepted, or drop it with --external close"))
      .Passing();
}

// Who waits for a listener at `local`, or is about to: the kernel shows no order, but since when.
Result<std::vector<TcpSocketInfo>> Children(const FdFacts& file, std::span<const FdFacts> all,
                                            const InetEndpoint& local, InetDiag& diag) {
  ASSIGN_OR_RETURN(std::vector<TcpSocketInfo> sockets, diag.List(kNotAccepted, local.port));
  std::vector<TcpSocketInfo> children;
  for (const TcpSocketInfo& info : sockets) {
    if (info.inode != 0) continue;
    ASSIGN_OR_RETURN(const std::vector<const FdFacts*> listeners,
                     FindListeners(info.local, all, diag));
    if (std::none_of(listeners.begin(), listeners.end(),
                     [&](const FdFacts* one) { return one->stat.st_ino == file.stat.st_ino; }))
      continue;
    if (listeners.size() > 1)
      return Error(ErrorCode::kUnsupported,
                   StrCat("a connection waits for one of several listeners (SO_REUSEPORT), fd ",
                          file.fd,
                          " among them, and which shows to nobody; try again when it was accepted"))
          .Passing();
    children.push_back(info);
  }
  std::stable_sort(children.begin(), children.end(),
                   [](const TcpSocketInfo& one, const TcpSocketInfo& other) {
                     return one.last_ack_received_ms > other.last_ack_received_ms;
                   });
  return children;
}

}  // namespace

Status CollectListener(const FdFacts& file, std::span<const FdFacts> all, InetDiag& diag,
                       TcpState& state) {
  state.stage = Stage::kListening;
  ASSIGN_OR_RETURN(const SockAddress local, ReadLocal(file.local_fd));
  ASSIGN_OR_RETURN(const auto listeners,
                   diag.List(TcpStageBit(TcpStage::kListening), local.ToEndpoint().port));
  for (const TcpSocketInfo& info : listeners) {
    if (info.inode == static_cast<uint32_t>(file.stat.st_ino))
      state.backlog = static_cast<int32_t>(info.send_queue);
  }
  ASSIGN_OR_RETURN(const std::vector<TcpSocketInfo> children,
                   Children(file, all, local.ToEndpoint(), diag));
  uint32_t seen = 0;
  for (const TcpSocketInfo& child : children) {
    const bool opened = child.stage != TcpStage::kSynReceived;
    seen += opened;
    ASSIGN_OR_RETURN(const auto client, diag.Find(child.remote, child.local));
    const FdFacts* saved = client.has_value() ? FindSocket(all, client->inode) : nullptr;
    if (saved == nullptr && (!opened || file.external == ExternalPolicy::kClose)) continue;
    if (saved == nullptr) return Outside(file, child, client.has_value() ? client->inode : 0);
    if (child.receive_queue != 0 || child.stage == TcpStage::kCloseWait) return Unseen(file, child);
    state.waiting.push_back(TcpKey(client->inode));
  }
  if (seen == WaitingCount(file.local_fd)) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat(WaitingCount(file.local_fd), " connections wait to be accepted by fd ",
                      file.fd, ", and ", seen,
                      " can be found (one may have been reset); try again when they were accepted"))
      .Passing();
}

Status ConnectWaiting(const TcpState& listener, int local_fd, CreateContext& context) {
  // They inherit what is set here (net/core/sock.c, sk_clone_lock()).
  RETURN_IF_ERROR(ApplyAfterBind(local_fd, listener.inet));
  RETURN_IF_ERROR(ApplySocketOptions(local_fd, listener.options));
  for (const std::string& key : listener.waiting) {
    // So that the next snapshot can tell their order, unless that would take too long.
    if (listener.waiting.size() <= kFewWaiting) std::this_thread::sleep_for(kApart);
    ASSIGN_OR_RETURN(const TcpState client, DecodeTcp(key, context));
    if (client.stage != Stage::kWaiting || client.peer != listener.key)
      return Error(ErrorCode::kBadImage, StrCat(key, " does not wait for ", listener.key));
    ASSIGN_OR_RETURN(const int fd, context.Object(key));
    RETURN_IF_ERROR(ConnectNow(fd, client.remote, client.family), "connecting to ",
                    AddressText(client.remote), " again");
  }
  return Ok();
}

}  // namespace tardigrade::inet_socket
