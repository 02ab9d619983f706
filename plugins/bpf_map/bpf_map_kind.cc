#include "plugins/bpf_map/bpf_map_kind.h"

#include <linux/bpf.h>

#include <algorithm>
#include <set>

#include "plugins/bpf_map/bpf_map_object.h"
#include "plugins/bpf_map/bpf_map_state.h"
#include "plugins/bpf_map/map_calls.h"
#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::bpf_map {
namespace {

Error Refuse(const FdFacts& file, const std::string& why) {
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd, " is a BPF map, which cannot be saved: ", why));
}

Status CheckType(const FdFacts& file, const bpf_map_info& info) {
  if (!CanBeMade(info.type, info.map_flags))
    return Refuse(file, StrCat("it is of type ", info.type, " with flags ", info.map_flags,
                               "; hash, array, LRU and longest-prefix maps, also per CPU, can be"));
  if (info.btf_id != 0 || info.btf_vmlinux_value_type_id != 0)
    return Refuse(file, "it has type information (BTF); make it without");
  if (info.ifindex != 0) return Refuse(file, "it is a network device's");
  return Ok();
}

// Of the job's programs, how many use the map: each keeps it once.
Result<size_t> ProgramsOf(uint32_t id, std::span<const FdFacts> all) {
  std::set<uint64_t> programs;
  for (const FdFacts& other : all) {
    if (other.link != "anon_inode:bpf-prog") continue;
    ASSIGN_OR_RETURN(const std::vector<uint32_t> maps, MapsOfProgram(other.local_fd));
    if (std::find(maps.begin(), maps.end(), id) == maps.end()) continue;
    ASSIGN_OR_RETURN(const uint64_t program, other.info.FindNumber("prog_id", 10));
    programs.insert(program);
  }
  return programs.size();
}

// Programs, other maps, links, pins in a file system and mappings keep a map as descriptors do:
// only the kernel itself knows how many do (bpf_map::refcnt).
Status CheckAlone(const FdFacts& file, uint32_t id, std::span<const FdFacts> all) {
  const Result<KernelMemory> opened = KernelMemory::Open();
  if (!opened.has_value())
    return Refuse(file,
                  StrCat("whether others use it only root can see: ", opened.error().ToString()));
  const KernelMemory& memory = opened.value();
  std::set<uint64_t> descriptions;
  for (const FdFacts& other : all) {
    if (other.link != file.link) continue;
    ASSIGN_OR_RETURN(const uint64_t other_id, other.info.FindNumber("map_id", 10));
    if (other_id != id) continue;
    ASSIGN_OR_RETURN(const uint64_t description, memory.FileOf(other.local_fd));
    descriptions.insert(description);
  }
  ASSIGN_OR_RETURN(const uint64_t map, memory.PrivateDataOf(file.local_fd));
  ASSIGN_OR_RETURN(const auto users, memory.Member<uint64_t>(map, "bpf_map", "refcnt.counter"));
  ASSIGN_OR_RETURN(const size_t programs, ProgramsOf(id, all));
  if (users == descriptions.size() + programs) return Ok();
  return Refuse(
      file,
      StrCat("it is also used by something that is not saved (", users, " users, of which ",
             descriptions.size() + programs,
             " are descriptors and programs of the job): a program, a pin, a mapping, another "
             "map or process"));
}

uint32_t OpenFlags(const OpenFileState& open) {
  if (!open.may_write()) return BPF_F_RDONLY;
  return open.may_read() ? 0 : BPF_F_WRONLY;
}

Result<Value> CollectMap(const FdFacts& file, const bpf_map_info& info, CollectContext& context) {
  MapState state{.type = info.type,
                 .key_bytes = info.key_size,
                 .value_bytes = info.value_size,
                 .most_entries = info.max_entries,
                 .flags = info.map_flags,
                 .name = info.name,
                 .frozen = false,
                 .cpus = 0,
                 .entries = {}};
  ASSIGN_OR_RETURN(const uint64_t frozen, file.info.FindNumber("frozen", 10));
  state.frozen = frozen != 0;
  if (IsPerCpu(info.type)) {
    ASSIGN_OR_RETURN(state.cpus, PossibleCpus());
  }
  ASSIGN_OR_RETURN(const ScopedFd readable, OpenMap(info.id, BPF_F_RDONLY));
  ASSIGN_OR_RETURN(const std::vector<std::byte> entries, ReadEntries(readable.get(), state));
  ASSIGN_OR_RETURN(state.entries, context.attachments().Put(entries));
  return Encode(state);
}

}  // namespace

Status BpfMapKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  ASSIGN_OR_RETURN(const bpf_map_info info, ReadInfo(file.local_fd));
  RETURN_IF_ERROR(CheckType(file, info));
  return CheckAlone(file, info.id, all);
}

Result<Value> BpfMapKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                  CollectContext& context) const {
  BpfMapState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(const bpf_map_info info, ReadInfo(file.local_fd));
  state.object = StrCat("bpf_map:", info.id);
  RETURN_IF_ERROR(
      context.AddObject(state.object, "bpf_map", [&] { return CollectMap(file, info, context); }),
      "saving the BPF map \"", info.name, "\"");
  return Encode(state);
}

Result<ScopedFd> BpfMapKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const BpfMapState state, Decode<BpfMapState>(value, "bpf_map"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ASSIGN_OR_RETURN(const bpf_map_info info, ReadInfo(object));
  ASSIGN_OR_RETURN(ScopedFd fd, OpenMap(info.id, OpenFlags(state.open)));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status BpfMapKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const BpfMapState state, Decode<BpfMapState>(value, "bpf_map"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::bpf_map
