#include "plugins/aio/aio_ring_kind.h"
#include "plugins/anonymous_memory/anonymous_memory_kind.h"
#include "plugins/anonymous_memory/shared_anonymous_kind.h"
#include "plugins/bpf_map/bpf_map_object.h"
#include "plugins/bpf_prog/bpf_prog_object.h"
#include "plugins/builtin.h"
#include "plugins/directory/removed_directory.h"
#include "plugins/hugetlb/hugetlb_kind.h"
#include "plugins/inet_socket/tcp_socket_kind.h"
#include "plugins/inet_socket/udp_socket_kind.h"
#include "plugins/io_uring/io_uring_object.h"
#include "plugins/io_uring/ring_mapping_kind.h"
#include "plugins/kernel_mapping/kernel_mapping_kind.h"
#include "plugins/memfd/memfd_mapping_kind.h"
#include "plugins/memfd/memfd_object.h"
#include "plugins/mqueue/mqueue_object.h"
#include "plugins/packet_socket/packet_socket_kind.h"
#include "plugins/pipe/pipe_object.h"
#include "plugins/pty/pty_object.h"
#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/file_mapping_kind.h"
#include "plugins/regular_file/saved_file.h"
#include "plugins/sysv_shm/sysv_shm_mapping_kind.h"
#include "plugins/unix_socket/unix_socket_kind.h"

namespace tardigrade {

void AddMappingKinds(KindList& kinds) {
  kinds.mappings.push_back(std::make_unique<aio::AioRingKind>());
  kinds.mappings.push_back(std::make_unique<anonymous_memory::AnonymousMemoryKind>());
  kinds.mappings.push_back(std::make_unique<anonymous_memory::SharedAnonymousKind>());
  kinds.mappings.push_back(std::make_unique<hugetlb::HugetlbKind>());
  kinds.mappings.push_back(std::make_unique<io_uring::RingMappingKind>());
  kinds.mappings.push_back(std::make_unique<kernel_mapping::KernelMappingKind>());
  kinds.mappings.push_back(std::make_unique<memfd::MemfdMappingKind>());
  kinds.mappings.push_back(std::make_unique<packet_socket::PacketMappingKind>());
  kinds.mappings.push_back(std::make_unique<regular_file::FileMappingKind>());
  kinds.mappings.push_back(std::make_unique<sysv_shm::SysvShmMappingKind>());

  // What descriptors and mappings share.
  kinds.objects.push_back(std::make_unique<bpf_map::BpfMapObject>());
  kinds.objects.push_back(std::make_unique<bpf_prog::BpfProgObject>());
  kinds.objects.push_back(std::make_unique<io_uring::IoUringObject>());
  kinds.objects.push_back(std::make_unique<memfd::MemfdObject>());
  kinds.objects.push_back(std::make_unique<mqueue::MqueueObject>());
  kinds.objects.push_back(std::make_unique<packet_socket::PacketSocketObject>());
  kinds.objects.push_back(std::make_unique<pipe::PipeObject>());
  kinds.objects.push_back(std::make_unique<pty::PtyObject>());
  kinds.objects.push_back(std::make_unique<directory::RemovedDirectoryObject>());
  kinds.objects.push_back(std::make_unique<regular_file::DeletedFileObject>());
  kinds.objects.push_back(std::make_unique<regular_file::SavedFileObject>());
  kinds.objects.push_back(std::make_unique<inet_socket::TcpSocketObject>());
  kinds.objects.push_back(std::make_unique<inet_socket::UdpSocketObject>());
  kinds.objects.push_back(std::make_unique<unix_socket::UnixSocketObject>());
}

}  // namespace tardigrade
