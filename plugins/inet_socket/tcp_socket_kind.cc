#include "plugins/inet_socket/tcp_socket_kind.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "plugins/inet_socket/inet_file.h"
#include "plugins/inet_socket/tcp_collect.h"
#include "plugins/inet_socket/tcp_connection.h"
#include "plugins/inet_socket/tcp_fill.h"
#include "plugins/inet_socket/tcp_keep.h"
#include "plugins/inet_socket/tcp_make.h"
#include "plugins/inet_socket/tcp_resumption.h"
#include "plugins/inet_socket/tcp_state.h"

namespace tardigrade::inet_socket {

bool TcpSocketKind::Claims(const FdFacts& file) const {
  return IsInetSocket(file, SOCK_STREAM, IPPROTO_TCP);
}

Status TcpSocketKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return CheckTcp(file, all);
}

Result<std::unique_ptr<Suspension>> TcpSocketKind::Suspend(std::span<const FdFacts* const> files,
                                                           std::span<const FdFacts> all,
                                                           uint32_t hold_s) const {
  return SuspendTcp(files, all, hold_s);
}

Result<Value> TcpSocketKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                     CollectContext& context) const {
  InetFileState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.object = TcpKey(file.stat.st_ino);
  const auto collect = [&]() -> Result<Value> {
    ASSIGN_OR_RETURN(const TcpState socket, CollectTcp(file, all, context));
    return Encode(socket);
  };
  RETURN_IF_ERROR(context.AddObject(state.object, name(), collect), "fd ", file.fd);
  return Encode(state);
}

// A connection that ends in good order keeps its port for a minute (TIME_WAIT), and a restore from
// it.
bool TcpSocketKind::OutlivesKill(const FdFacts& file, std::span<const FdFacts> all) const {
  const TcpStage stage = StageOf(file.local_fd);
  if (stage == TcpStage::kListening || stage == TcpStage::kClosed || stage == TcpStage::kSynSent)
    return false;
  Result<InetDiag> diag = InetDiag::Open();
  if (!diag.has_value()) return false;
  const Result<TcpConnection> connection = LookAtConnection(file, all, diag.value());
  return connection.has_value() && connection.value().other_side != OtherSide::kOutside;
}

void TcpSocketKind::PrepareForKill(int local_fd) const {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(local_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

Result<ScopedFd> TcpSocketKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "tcp_socket"));
  return DuplicateObject(state.object, context);
}

Status TcpSocketKind::Fill(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "tcp_socket"));
  ASSIGN_OR_RETURN(const TcpState socket, DecodeTcp(state.object, context));
  return FillTcp(socket, local_fd, context);
}

Status TcpSocketKind::Settle(const Value& value, int local_fd, CreateContext& context) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "tcp_socket"));
  ASSIGN_OR_RETURN(const TcpState socket, DecodeTcp(state.object, context));
  RETURN_IF_ERROR(SettleTcp(socket, local_fd, context));
  return SetStatusFlags(local_fd, state.open.flags);
}

Status TcpSocketKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const InetFileState state, Decode<InetFileState>(value, "tcp_socket"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

Result<ScopedFd> TcpSocketObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const TcpState state, DecodeTcp(value));
  return MakeTcp(state, context);
}

Result<std::unique_ptr<Resumption>> TcpSocketObject::Resume(
    std::span<const Value* const> states, const AttachmentReader& attachments) const {
  return ResumeTcp(states, attachments);
}

}  // namespace tardigrade::inet_socket
