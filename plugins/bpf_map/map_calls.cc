#include "plugins/bpf_map/map_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "supervisor/base/file_io.h"

namespace tardigrade::bpf_map {
namespace {

int Call(int command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

uint64_t Pointer(const void* at) { return reinterpret_cast<uint64_t>(at); }

}  // namespace

Result<bpf_map_info> ReadInfo(int fd) {
  bpf_map_info info = {};
  bpf_attr attributes = {};
  attributes.info.bpf_fd = static_cast<uint32_t>(fd);
  attributes.info.info_len = sizeof(info);
  attributes.info.info = Pointer(&info);
  if (Call(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0)
    return Error::Errno("asking what a BPF map is");
  return info;
}

Result<std::vector<uint32_t>> MapsOfProgram(int program_fd) {
  bpf_prog_info info = {};
  std::vector<uint32_t> maps;
  for (int round = 0; round < 2; ++round) {
    maps.resize(info.nr_map_ids);
    info = {};
    info.nr_map_ids = static_cast<uint32_t>(maps.size());
    info.map_ids = Pointer(maps.data());
    bpf_attr attributes = {};
    attributes.info.bpf_fd = static_cast<uint32_t>(program_fd);
    attributes.info.info_len = sizeof(info);
    attributes.info.info = Pointer(&info);
    if (Call(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0)
      return Error::Errno("asking what a BPF program is");
  }
  return maps;
}

Result<ScopedFd> OpenMap(uint32_t id, uint32_t open_flags) {
  bpf_attr attributes = {};
  attributes.map_id = id;
  attributes.open_flags = open_flags;
  ScopedFd fd(Call(BPF_MAP_GET_FD_BY_ID, attributes));
  if (!fd.valid()) return Error::Errno("opening a BPF map (CAP_SYS_ADMIN)");
  return fd;
}

Result<std::vector<std::byte>> ReadEntries(int fd, const MapState& state) {
  std::vector<std::byte> entries;
  std::vector<std::byte> key(state.key_bytes), next(state.key_bytes), value(state.slot_bytes());
  bpf_attr attributes = {};
  attributes.map_fd = static_cast<uint32_t>(fd);
  for (bool first = true;; first = false) {
    attributes.key = first ? 0 : Pointer(key.data());
    attributes.next_key = Pointer(next.data());
    if (Call(BPF_MAP_GET_NEXT_KEY, attributes) != 0) break;
    key = next;
    attributes.key = Pointer(key.data());
    attributes.value = Pointer(value.data());
    if (Call(BPF_MAP_LOOKUP_ELEM, attributes) != 0) return Error::Errno("reading a BPF map");
    entries.insert(entries.end(), key.begin(), key.end());
    entries.insert(entries.end(), value.begin(), value.end());
    if (entries.size() > kMostBytes)
      return Error(ErrorCode::kUnsupported, "a BPF map holds more than 1 GiB");
  }
  if (errno != ENOENT) return Error::Errno("going through a BPF map");
  return entries;
}

Result<ScopedFd> MakeMap(const MapState& state) {
  bpf_attr attributes = {};
  attributes.map_type = state.type;
  attributes.key_size = state.key_bytes;
  attributes.value_size = state.value_bytes;
  attributes.max_entries = state.most_entries;
  attributes.map_flags = state.flags;
  state.name.copy(attributes.map_name, sizeof(attributes.map_name) - 1);
  ScopedFd fd(Call(BPF_MAP_CREATE, attributes));
  if (!fd.valid()) return Error::Errno("making a BPF map (CAP_BPF)");
  return fd;
}

Status WriteEntries(int fd, const MapState& state, std::vector<std::byte> entries) {
  const uint64_t step = state.key_bytes + state.slot_bytes();
  if (entries.size() % step != 0)
    return Error(ErrorCode::kBadImage, "bpf_map.entries are no whole entries");
  bpf_attr attributes = {};
  attributes.map_fd = static_cast<uint32_t>(fd);
  for (size_t at = 0; at < entries.size(); at += step) {
    attributes.key = Pointer(entries.data() + at);
    attributes.value = Pointer(entries.data() + at + state.key_bytes);
    if (Call(BPF_MAP_UPDATE_ELEM, attributes) != 0) return Error::Errno("filling a BPF map");
  }
  return Ok();
}

Status Freeze(int fd) {
  bpf_attr attributes = {};
  attributes.map_fd = static_cast<uint32_t>(fd);
  if (Call(BPF_MAP_FREEZE, attributes) != 0) return Error::Errno("freezing a BPF map");
  return Ok();
}

Result<uint32_t> PossibleCpus() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile("/sys/devices/system/cpu/possible"));
  // "0-3", or "0": numbers begin at 0 and have no holes that count.
  const size_t last = text.find_last_of("-,");
  return static_cast<uint32_t>(
             std::strtoul(text.c_str() + (last == std::string::npos ? 0 : last + 1), nullptr, 10)) +
         1;
}

}  // namespace tardigrade::bpf_map
