#include "supervisor/resource/describe.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <string_view>
#include <utility>

namespace tardigrade {
namespace {

using Phrase = std::pair<std::string_view, std::string_view>;

// What readlink shows after "anon_inode:".  bpf(2), kvm and others make them with
// anon_inode_getfd().
constexpr Phrase kAnonymousInodes[] = {
    {"[io_uring]", "an io_uring instance"},
    {"[userfaultfd]", "a userfaultfd"},
    {"[perf_event]", "a perf event"},
    {"bpf-map", "a BPF map"},
    {"bpf-prog", "a BPF program"},
    {"bpf_link", "a BPF link"},
    {"btf", "BPF type information"},
    {"[fanotify]", "a fanotify group"},
    {"[pidfd]", "a pidfd"},
    {"[landlock-ruleset]", "a Landlock ruleset"},
    {"seccomp notify", "a seccomp notification descriptor"},
    {"[fscontext]", "a mount configuration context"},
    {"kvm-vm", "a KVM virtual machine"},
    {"kvm-vcpu", "a KVM virtual processor"},
    {"[vfio-device]", "a VFIO device"},
    {"dmabuf", "a DMA buffer"},
    {"sync_file", "a GPU fence"},
    {"[infinibandevent]", "an RDMA event queue"},
    {"[eventfd]", "an eventfd"},
    {"[eventpoll]", "an epoll instance"},
    {"[timerfd]", "a timerfd"},
    {"[signalfd]", "a signalfd"},
    {"inotify", "an inotify instance"},
};

constexpr Phrase kPrefixes[] = {
    {"mnt:[", "a mount namespace"},
    {"net:[", "a network namespace"},
    {"user:[", "a user namespace"},
    {"pid:[", "a PID namespace"},
    {"uts:[", "a UTS namespace"},
    {"ipc:[", "an IPC namespace"},
    {"cgroup:[", "a cgroup namespace"},
    {"time:[", "a time namespace"},
    {"pidfd:[", "a pidfd"},
    {"pipe:[", "a pipe"},
    {"/dmabuf:", "a DMA buffer"},
    {"/secretmem", "secret memory (memfd_secret)"},
    {"/memfd:", "a memfd"},
};

// What is special about a kind, by the beginning of what readlink shows.
constexpr Phrase kWaysOut[] = {
    {"anon_inode:[userfaultfd]",
     ": faults that its owner is to answer would be lost; let it unregister its memory and close it first"},
    {"anon_inode:[perf_event]", ": what it counts is bound to this machine's processors; stop measuring first"},
    {"anon_inode:bpf-map",
     ": programs that use it, and other processes' hold on it, cannot be seen; let the program release it first and "
     "load it again after"},
    {"anon_inode:bpf_link", ": what it attaches cannot be read back; let the job detach it first and attach it again after"},
    {"anon_inode:btf", ": it is numbered by this kernel; let the job release it first and load it again after"},
    {"anon_inode:[fanotify]",
     ": others may be waiting for its answers, and its marks may cover whole file systems; stop watching first"},
    {"anon_inode:kvm-", ": a guest is saved by its own monitor; let that save or migrate it"},
    {"anon_inode:seccomp notify", ": others wait for its answers; let the job give it up first"},
    {"/dev/kvm", ": a guest is saved by its own monitor; let that save or migrate it"},
    {"/dev/fuse", ": requests to its file system would never be answered; unmount that first (fusermount3 -u)"},
    {"/dev/nvidia", ": a GPU's state is in the device; let the program give it back first"},
    {"/dev/dri/", ": a GPU's state is in the device; let the program give it back first"},
    {"/dev/kfd", ": a GPU's state is in the device; let the program give it back first"},
    {"/dev/infiniband/", ": an adapter's state is in the device; let the program close its queue pairs first"},
};

std::string_view SocketFamily(int domain) {
  switch (domain) {
    case AF_UNIX:
      return "UNIX";
    case AF_NETLINK:
      return "netlink";
    case AF_PACKET:
      return "packet";
    case AF_VSOCK:
      return "vsock";
    case AF_ALG:
      return "kernel crypto";
    case AF_BLUETOOTH:
      return "Bluetooth";
    case AF_CAN:
      return "CAN";
    case AF_XDP:
      return "XDP";
    default:
      return "";
  }
}

constexpr int kMptcp = 262;  // IPPROTO_MPTCP

std::string DescribeSocket(const FdFacts& file) {
  const auto option = [&file](int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return getsockopt(file.local_fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  const int domain = option(SO_DOMAIN);
  const int type = option(SO_TYPE);
  if (domain == AF_INET || domain == AF_INET6) {
    const int protocol = option(SO_PROTOCOL);
    if (protocol == kMptcp) return "an MPTCP socket";
    if (protocol == IPPROTO_SCTP) return "an SCTP socket";
    if (type == SOCK_STREAM)
      return option(SO_ACCEPTCONN) > 0 ? "a listening TCP socket" : "a TCP socket";
    return type == SOCK_DGRAM ? "a UDP socket" : "a raw network socket";
  }
  const std::string_view family = SocketFamily(domain);
  return family.empty() ? "a socket" : StrCat("a ", family, " socket");
}

std::string DescribeDevice(const FdFacts& file) {
  const unsigned node_major = major(file.stat.st_rdev);
  const char* kind = S_ISBLK(file.stat.st_mode) ? "the block device " : "the device ";
  if (node_major == 5 && minor(file.stat.st_rdev) == 2)
    return StrCat("the master side of a pseudo terminal (", file.link, ")");
  return StrCat(kind, file.link, " (", node_major, ":", minor(file.stat.st_rdev), ")");
}

constexpr long kMqueueMagic = 0x19800202;  // ipc/mqueue.c

std::string DescribeFile(const FdFacts& file) {
  struct statfs fs = {};
  if (file.local_fd >= 0 && fstatfs(file.local_fd, &fs) == 0 && fs.f_type == kMqueueMagic)
    return StrCat("the POSIX message queue ", file.link);
  if (S_ISDIR(file.stat.st_mode)) return StrCat("the directory ", file.link);
  return StrCat("the file ", file.link);
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

std::string DescribeFd(const FdFacts& file) {
  const std::string_view link = file.link;
  constexpr std::string_view kAnonymous = "anon_inode:";
  if (link.starts_with(kAnonymous)) {
    for (const auto& [name, phrase] : kAnonymousInodes)
      if (link.substr(kAnonymous.size()).starts_with(name)) return std::string(phrase);
    return StrCat("a kernel object of the kind ", link.substr(kAnonymous.size()));
  }
  if (S_ISSOCK(file.stat.st_mode)) return DescribeSocket(file);
  for (const auto& [prefix, phrase] : kPrefixes)
    if (link.starts_with(prefix)) return std::string(phrase);
  if (S_ISCHR(file.stat.st_mode) || S_ISBLK(file.stat.st_mode)) return DescribeDevice(file);
  if (S_ISFIFO(file.stat.st_mode)) return StrCat("the FIFO ", link);
  if (link.starts_with('/')) return DescribeFile(file);
  return StrCat("a file of an unknown kind (", link, ")");
}

std::string WayOut(std::string_view link) {
  for (const auto& [prefix, way_out] : kWaysOut)
    if (link.starts_with(prefix)) return std::string(way_out);
  return link.starts_with("anon_inode:") || link.starts_with('/') || link.find(":[") != link.npos ? " yet; close it first" : " yet";
}

std::string DescribeMapping(const MemoryMapping& mapping) {
  const std::string_view path = mapping.path;
  if (path.starts_with("/SYSV")) return "a System V shared memory segment";
  if (path.starts_with("anon_inode:[io_uring]")) return "the rings of an io_uring instance";
  if (path.starts_with("anon_inode:[perf_event]")) return "the buffer of a perf event";
  if (path.starts_with("anon_inode:bpf-map")) return "a BPF map";
  if (path.starts_with("anon_inode:")) return StrCat("memory of a kernel object (", path, ")");
  if (EndsWith(path, "[aio]")) return "the ring of an asynchronous I/O context (io_setup)";
  if (path.starts_with("/secretmem")) return "secret memory (memfd_secret)";
  if (path.starts_with("socket:[")) return "the ring of a packet socket";
  if (path.starts_with("/anon_hugepage")) return "memory of huge pages";
  if (path.starts_with("/dev/")) return StrCat("memory of the device ", path);
  if (path.empty()) return mapping.shared ? "shared memory without a name" : "anonymous memory";
  return StrCat("a mapping of ", path);
}

}  // namespace tardigrade
