#include "plugins/inet_socket/tcp_repair.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade::inet_socket {
namespace {

// Several tries: a packet that had passed the filter before it was closed may still come.
constexpr int kTries = 10;

bool Set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

bool Get(int fd, int option, void* value, socklen_t size) {
  return getsockopt(fd, IPPROTO_TCP, option, value, &size) == 0;
}

// Errors: the step that failed; nullptr if none did.
const char* ReadNumbers(int fd, TcpReading& reading) {
  if (ChooseQueue(fd, TCP_RECV_QUEUE) != 0) return "TCP_REPAIR_QUEUE";
  if (!Get(fd, TCP_QUEUE_SEQ, &reading.receive_seq, sizeof(reading.receive_seq)))
    return "TCP_QUEUE_SEQ";
  if (ChooseQueue(fd, TCP_SEND_QUEUE) != 0) return "TCP_REPAIR_QUEUE";
  if (!Get(fd, TCP_QUEUE_SEQ, &reading.send_seq, sizeof(reading.send_seq))) return "TCP_QUEUE_SEQ";
  if (!Get(fd, TCP_REPAIR_WINDOW, &reading.window, sizeof(reading.window)))
    return "TCP_REPAIR_WINDOW";
  if (!Get(fd, TCP_TIMESTAMP, &reading.timestamp, sizeof(reading.timestamp)))
    return "TCP_TIMESTAMP";
  // In repair this is what was agreed upon, not what is in use.
  if (!Get(fd, TCP_MAXSEG, &reading.mss, sizeof(reading.mss))) return "TCP_MAXSEG";
  if (ioctl(fd, SIOCOUTQ, &reading.unacknowledged) != 0) return "SIOCOUTQ";
  if (ioctl(fd, SIOCOUTQNSD, &reading.not_sent) != 0) return "SIOCOUTQNSD";
  return nullptr;
}

// tcp_peek_sndq(), net/ipv4/tcp.c: all of it, from the first segment that is not acknowledged
// whole.
const char* ReadOnce(int fd, std::span<std::byte> buffer, TcpReading& reading) {
  const char* failed = ReadNumbers(fd, reading);
  if (failed != nullptr) return failed;
  const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0) return "looking into the send queue";
  reading.queued = static_cast<uint64_t>(got);
  return nullptr;
}

}  // namespace

Status CheckMayRepair() {
  const ScopedFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Error::Errno("making a socket");
  if (StartRepair(fd.get()) == 0) return Ok();
  if (errno != EPERM) return Error::Errno("TCP_REPAIR");
  return Error(ErrorCode::kDenied,
               "keeping connections to others (--external keep) takes CAP_NET_ADMIN in the network "
               "namespace; without it, --external close lets the job find them reset");
}

int Number(int fd, int option) {
  int value = 0;
  return Get(fd, option, &value, sizeof(value)) ? value : 0;
}

int StartRepair(int fd) { return Set(fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON) ? 0 : errno; }

void EndRepair(int fd, int reuse_address) {
  if (Number(fd, TCP_REPAIR) == 0) return;
  Set(fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
  if (reuse_address != 0) Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

int ChooseQueue(int fd, int queue) {
  return Set(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, queue) ? 0 : errno;
}

TcpProgress ProgressOf(int fd) {
  tcp_info info = {};
  info.tcpi_state = static_cast<uint8_t>(TcpStage::kClosed);
  (void)Get(fd, TCP_INFO, &info, sizeof(info));
  return {info.tcpi_state, info.tcpi_bytes_acked, info.tcpi_bytes_received};
}

void ReadInRepair(int fd, int reuse_address, std::span<std::byte> buffer, TcpReading& reading) {
  const char* failed = nullptr;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    reading.progress = ProgressOf(fd);
    reading.error = StartRepair(fd);
    if (reading.error != 0) {
      reading.step = "TCP_REPAIR";
      return;
    }
    failed = ReadOnce(fd, buffer, reading);
    reading.error = failed == nullptr ? 0 : errno;
    EndRepair(fd, reuse_address);
    if (failed == nullptr && reading.progress == ProgressOf(fd)) return;
  }
  reading.step = failed != nullptr ? failed : "waiting for the connection to rest";
  if (reading.error == 0) reading.error = EAGAIN;
}

}  // namespace tardigrade::inet_socket
