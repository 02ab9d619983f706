#include "supervisor/resource/socket_options.h"

#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade {
namespace {

enum class Shape { kInt, kTime, kLinger };

struct Option {
  const char* name;  // In images: never changes.
  int number;        // include/uapi/asm-generic/socket.h; some are newer than the C library.
  Shape shape = Shape::kInt;
};

// In the order in which they are set.
constexpr Option kOptions[] = {
    {"debug", 1},
    {"reuseaddr", 2},
    {"dontroute", 5},
    {"broadcast", 6},
    {"keepalive", 9},
    {"oobinline", 10},
    {"no_check", 11},
    {"priority", 12},
    {"linger", 13, Shape::kLinger},
    {"passcred", 16},
    {"rcvlowat", 18},
    {"rcvtimeo", SO_RCVTIMEO, Shape::kTime},
    {"sndtimeo", SO_SNDTIMEO, Shape::kTime},
    {"timestamp", 29},
    {"passsec", 34},
    {"timestampns", 35},
    {"mark", 36},
    {"timestamping", 37},
    {"rxq_ovfl", 40},
    {"wifi_status", 41},
    {"peek_off", 42},
    {"nofcs", 43},
    {"select_err_queue", 45},
    {"busy_poll", 46},
    {"zerocopy", 60},
    {"timestamp_new", 63},
    {"timestampns_new", 64},
    {"prefer_busy_poll", 69},
    {"buf_lock", 72},
    {"txrehash", 74},
    {"rcvmark", 75},
    {"passpidfd", 76},
    {"rcvpriority", 82},
    {"passrights", 83},
    {"inq", 84},
};
constexpr int kLockFilter = 44;  // After the filter itself: not part of the table.
constexpr const char* kLockFilterName = "lock_filter";

template <typename T>
bool Get(int fd, int number, T& value) {
  socklen_t size = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, number, &value, &size) == 0 && size == sizeof(value);
}

// nullopt if this kernel or this kind of socket does not have the option.
std::optional<int64_t> Read(int fd, const Option& option) {
  switch (option.shape) {
    case Shape::kInt: {
      int value = 0;
      return Get(fd, option.number, value) ? std::optional<int64_t>(value) : std::nullopt;
    }
    case Shape::kTime: {
      timeval value = {};
      if (!Get(fd, option.number, value)) return std::nullopt;
      return int64_t{value.tv_sec} * 1000000 + value.tv_usec;
    }
    case Shape::kLinger: {
      linger value = {};
      if (!Get(fd, option.number, value)) return std::nullopt;
      return value.l_onoff != 0 ? value.l_linger : -1;
    }
  }
  return std::nullopt;
}

int Write(int fd, const Option& option, int64_t value) {
  switch (option.shape) {
    case Shape::kTime: {
      const timeval time{.tv_sec = value / 1000000, .tv_usec = value % 1000000};
      return setsockopt(fd, SOL_SOCKET, option.number, &time, sizeof(time));
    }
    case Shape::kLinger: {
      const linger lingering{.l_onoff = value >= 0, .l_linger = static_cast<int>(std::max<int64_t>(value, 0))};
      return setsockopt(fd, SOL_SOCKET, option.number, &lingering, sizeof(lingering));
    }
    case Shape::kInt:
      break;
  }
  const int number = static_cast<int>(value);
  return setsockopt(fd, SOL_SOCKET, option.number, &number, sizeof(number));
}

Result<ScopedFd> FreshSocketLike(int fd) {
  int domain = 0, type = 0, protocol = 0;
  if (!Get(fd, SO_DOMAIN, domain) || !Get(fd, SO_TYPE, type) || !Get(fd, SO_PROTOCOL, protocol))
    return Error::Errno("asking for a socket's domain, type and protocol");
  ScopedFd fresh(socket(domain, type | SOCK_CLOEXEC, protocol));
  if (!fresh.valid())
    return Error::Errno("making a socket to compare with",
                        errno == EPERM ? ", which takes CAP_NET_RAW" : "");
  return fresh;
}

Result<std::vector<uint64_t>> ReadFilter(int fd) {
  static_assert(sizeof(sock_filter) == sizeof(uint64_t));
  socklen_t count = 0;  // Of instructions, here.
  if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, nullptr, &count) != 0) {
    if (errno == EACCES)
      return Error(ErrorCode::kUnsupported,
                   "the socket has an eBPF filter (SO_ATTACH_BPF), which the kernel does not show; "
                   "detach it, or use a classic one");
    return std::vector<uint64_t>();
  }
  std::vector<uint64_t> filter(count);
  if (count != 0 && getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, filter.data(), &count) != 0)
    return Error::Errno("reading a socket's filter");
  return filter;
}

Status AttachFilter(int fd, const std::vector<uint64_t>& filter) {
  std::vector<sock_filter> code(filter.size());
  std::memcpy(code.data(), filter.data(), filter.size() * sizeof(uint64_t));
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return Error::Errno("attaching a socket's filter");
  return Ok();
}

Status SetBuffer(int fd, const char* name, int number, int force, uint32_t wanted) {
  int now = 0;
  if (wanted == 0) return Ok();
  if (!Get(fd, number, now)) return Error::Errno("reading ", name);
  if (static_cast<uint32_t>(now) == wanted) return Ok();
  const int half = static_cast<int>(wanted / 2);
  if (setsockopt(fd, SOL_SOCKET, force, &half, sizeof(half)) != 0 &&
      setsockopt(fd, SOL_SOCKET, number, &half, sizeof(half)) != 0)
    return Error::Errno("setting ", name);
  if (Get(fd, number, now) && static_cast<uint32_t>(now) / 2 == wanted / 2) return Ok();
  return Error(ErrorCode::kDenied,
               StrCat("a socket's ", name, " of ", wanted, " bytes is more than this user may have; "
                      "raise /proc/sys/net/core/wmem_max and rmem_max, or restore with "
                      "CAP_NET_ADMIN"));
}

}  // namespace

Result<SocketOptions> ReadSocketOptions(int local_fd) {
  ASSIGN_OR_RETURN(const ScopedFd fresh, FreshSocketLike(local_fd));
  SocketOptions options;
  if (!Get(local_fd, SO_SNDBUF, options.send_buffer) ||
      !Get(local_fd, SO_RCVBUF, options.receive_buffer))
    return Error::Errno("reading the sizes of a socket's buffers");
  for (const Option& option : kOptions) {
    const std::optional<int64_t> value = Read(local_fd, option);
    if (value.has_value() && value != Read(fresh.get(), option)) options.others[option.name] = *value;
  }
  ASSIGN_OR_RETURN(options.filter, ReadFilter(local_fd));
  int locked = 0;
  if (Get(local_fd, kLockFilter, locked) && locked != 0) options.others[kLockFilterName] = 1;
  return options;
}

Status ApplySocketOptions(int local_fd, const SocketOptions& options) {
  ASSIGN_OR_RETURN(const ScopedFd fresh, FreshSocketLike(local_fd));
  RETURN_IF_ERROR(SetBuffer(local_fd, "SO_SNDBUF", SO_SNDBUF, SO_SNDBUFFORCE, options.send_buffer));
  RETURN_IF_ERROR(
      SetBuffer(local_fd, "SO_RCVBUF", SO_RCVBUF, SO_RCVBUFFORCE, options.receive_buffer));
  size_t known = options.others.count(kLockFilterName);
  for (const Option& option : kOptions) {
    const auto saved = options.others.find(option.name);
    known += saved != options.others.end();
    const std::optional<int64_t> now = Read(local_fd, option);
    const std::optional<int64_t> wanted =
        saved != options.others.end() ? saved->second : Read(fresh.get(), option);
    if (!wanted.has_value() || now == wanted) continue;
    if (Write(local_fd, option, *wanted) != 0)
      return Error::Errno("setting the socket option ", option.name, " to ", *wanted, errno == EPERM ? " (CAP_NET_ADMIN)" : "");
  }
  if (known != options.others.size())
    return Error(ErrorCode::kBadImage, "a socket has an option this version does not know");
  if (!options.filter.empty()) RETURN_IF_ERROR(AttachFilter(local_fd, options.filter));
  if (options.others.contains(kLockFilterName) &&
      Write(local_fd, Option{kLockFilterName, kLockFilter}, 1) != 0)
    return Error::Errno("locking a socket's filter");
  return Ok();
}

void RaiseSendBuffer(int local_fd, uint32_t bytes) {
  uint32_t now = 0;
  if (Get(local_fd, SO_SNDBUF, now) && now >= bytes) return;
  const int half = static_cast<int>(std::min<uint32_t>(bytes, 1u << 30) / 2);
  if (setsockopt(local_fd, SOL_SOCKET, SO_SNDBUFFORCE, &half, sizeof(half)) != 0)
    setsockopt(local_fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

}  // namespace tardigrade
