#include "plugins/bpf_map/bpf_map_kind.h"
#include "plugins/bpf_prog/bpf_prog_kind.h"
#include "plugins/builtin.h"
#include "plugins/char_device/char_device_kind.h"
#include "plugins/directory/directory_kind.h"
#include "plugins/epoll/epoll_kind.h"
#include "plugins/eventfd/eventfd_kind.h"
#include "plugins/fanotify/fanotify_kind.h"
#include "plugins/inet_socket/raw_socket_kind.h"
#include "plugins/inet_socket/tcp_socket_kind.h"
#include "plugins/inet_socket/udp_socket_kind.h"
#include "plugins/inotify/inotify_kind.h"
#include "plugins/io_uring/io_uring_kind.h"
#include "plugins/memfd/memfd_kind.h"
#include "plugins/mqueue/mqueue_kind.h"
#include "plugins/netlink_socket/netlink_socket_kind.h"
#include "plugins/packet_socket/packet_socket_kind.h"
#include "plugins/pidfd/pidfd_kind.h"
#include "plugins/pipe/pipe_kind.h"
#include "plugins/proc_file/proc_file_kind.h"
#include "plugins/pty/pty_kind.h"
#include "plugins/regular_file/regular_file_kind.h"
#include "plugins/signalfd/signalfd_kind.h"
#include "plugins/terminal/terminal_kind.h"
#include "plugins/timerfd/timerfd_kind.h"
#include "plugins/unix_socket/unix_socket_kind.h"

namespace tardigrade {

void AddFdKinds(KindList& kinds) {
  kinds.fds.push_back(std::make_unique<bpf_map::BpfMapKind>());
  kinds.fds.push_back(std::make_unique<bpf_prog::BpfProgKind>());
  kinds.fds.push_back(std::make_unique<char_device::CharDeviceKind>());
  kinds.fds.push_back(std::make_unique<directory::DirectoryKind>());
  kinds.fds.push_back(std::make_unique<epoll::EpollKind>());
  kinds.fds.push_back(std::make_unique<eventfd::EventfdKind>());
  kinds.fds.push_back(std::make_unique<fanotify::FanotifyKind>());
  kinds.fds.push_back(std::make_unique<inotify::InotifyKind>());
  kinds.fds.push_back(std::make_unique<io_uring::IoUringKind>());
  kinds.fds.push_back(std::make_unique<memfd::MemfdKind>());
  kinds.fds.push_back(std::make_unique<mqueue::MqueueKind>());
  kinds.fds.push_back(std::make_unique<netlink_socket::NetlinkSocketKind>());
  kinds.fds.push_back(std::make_unique<packet_socket::PacketSocketKind>());
  kinds.fds.push_back(std::make_unique<pidfd::PidfdKind>());
  kinds.fds.push_back(std::make_unique<pipe::PipeKind>());
  kinds.fds.push_back(std::make_unique<proc_file::ProcFileKind>());
  kinds.fds.push_back(std::make_unique<pty::PtyKind>());
  kinds.fds.push_back(std::make_unique<inet_socket::RawSocketKind>());
  kinds.fds.push_back(std::make_unique<regular_file::RegularFileKind>());
  kinds.fds.push_back(std::make_unique<signalfd::SignalfdKind>());
  kinds.fds.push_back(std::make_unique<inet_socket::TcpSocketKind>());
  kinds.fds.push_back(std::make_unique<terminal::TerminalKind>());
  kinds.fds.push_back(std::make_unique<timerfd::TimerfdKind>());
  kinds.fds.push_back(std::make_unique<inet_socket::UdpSocketKind>());
  kinds.fds.push_back(std::make_unique<unix_socket::UnixSocketKind>());
}

}  // namespace tardigrade
