#include "plugins/packet_socket/packet_options.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <optional>

#include "supervisor/base/scoped_fd.h"

namespace tardigrade::packet_socket {
namespace {

struct Option {
  const char* name;  // In images: never changes.
  int number;        // include/uapi/linux/if_packet.h; some are newer than the headers.
};

// In the order in which they are set.
constexpr Option kOptions[] = {
    {"version", 10},    {"auxdata", 8},       {"origdev", 9},          {"reserve", 12},
    {"loss", 14},       {"vnet_hdr", 15},     {"vnet_hdr_size", 24},   {"timestamp", 17},
    {"tx_has_off", 19}, {"qdisc_bypass", 20}, {"ignore_outgoing", 23},
};
constexpr uint32_t kFanoutCbpf = 6, kFanoutEbpf = 7;

std::optional<int> Get(int fd, int number) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (getsockopt(fd, SOL_PACKET, number, &value, &size) != 0) return std::nullopt;
  return value;
}

}  // namespace

Result<std::map<std::string, int64_t>> ReadPacketOptions(int local_fd) {
  const ScopedFd fresh(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!fresh.valid()) return Error::Errno("making a packet socket to compare with (CAP_NET_RAW)");
  std::map<std::string, int64_t> options;
  for (const Option& option : kOptions) {
    const std::optional<int> value = Get(local_fd, option.number);
    if (value.has_value() && value != Get(fresh.get(), option.number))
      options[option.name] = *value;
  }
  return options;
}

Status ApplyPacketOptions(int local_fd, const std::map<std::string, int64_t>& options) {
  size_t known = 0;
  for (const Option& option : kOptions) {
    const auto saved = options.find(option.name);
    if (saved == options.end()) continue;
    ++known;
    const int value = static_cast<int>(saved->second);
    if (Get(local_fd, option.number) != value &&
        setsockopt(local_fd, SOL_PACKET, option.number, &value, sizeof(value)) != 0)
      return Error::Errno("setting the option ", option.name, " of a packet socket");
  }
  if (known == options.size()) return Ok();
  return Error(ErrorCode::kBadImage,
               "packet_socket.packet has an option this version does not know");
}

Result<uint32_t> ReadFanout(int local_fd) {
  const std::optional<int> value = Get(local_fd, PACKET_FANOUT);
  if (!value.has_value()) return Error::Errno("PACKET_FANOUT");
  const auto fanout = static_cast<uint32_t>(*value);
  const uint32_t type = fanout >> 16 & 0xff;
  if (type != kFanoutCbpf && type != kFanoutEbpf) return fanout;
  return Error(ErrorCode::kUnsupported,
               "the packet socket is in a group (PACKET_FANOUT) in which a program chooses, which "
               "the kernel does not show; let it leave the group first");
}

}  // namespace tardigrade::packet_socket
