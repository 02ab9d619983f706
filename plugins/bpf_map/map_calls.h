#ifndef PLUGINS_BPF_MAP_MAP_CALLS_H_
#define PLUGINS_BPF_MAP_MAP_CALLS_H_

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/bpf_map/bpf_map_state.h"
#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::bpf_map {

// bpf(2), one function for each command.

Result<bpf_map_info> ReadInfo(int fd);

// Ids of the maps that a program uses, each once.
Result<std::vector<uint32_t>> MapsOfProgram(int program_fd);

// A new description of the map.  `open_flags`: 0, BPF_F_RDONLY or BPF_F_WRONLY.  CAP_SYS_ADMIN.
Result<ScopedFd> OpenMap(uint32_t id, uint32_t open_flags);

// All entries, as MapState::entries.
Result<std::vector<std::byte>> ReadEntries(int fd, const MapState& state);

Result<ScopedFd> MakeMap(const MapState& state);

// Errors: kBadImage if these are no whole entries.
Status WriteEntries(int fd, const MapState& state, std::vector<std::byte> entries);

Status Freeze(int fd);

// Processors there may be, for which a per-CPU map has values: /sys/devices/system/cpu/possible.
Result<uint32_t> PossibleCpus();

}  // namespace tardigrade::bpf_map

#endif  // PLUGINS_BPF_MAP_MAP_CALLS_H_
