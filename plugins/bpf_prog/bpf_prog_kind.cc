#include "plugins/bpf_prog/bpf_prog_kind.h"

#include <algorithm>
#include <set>

#include "plugins/bpf_prog/bpf_prog_object.h"
#include "plugins/bpf_prog/bpf_prog_state.h"
#include "plugins/bpf_prog/program_calls.h"
#include "plugins/bpf_prog/reconstruct.h"
#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::bpf_prog {
namespace {

Error Refuse(const FdFacts& file, std::string_view why) {
  return Error(ErrorCode::kUnsupported,
               StrCat("fd ", file.fd, " is a BPF program, which cannot be saved: ", why));
}

Status CheckType(const FdFacts& file, const Program& program) {
  if (!CanBeLoaded(program.info.type))
    return Refuse(file,
                  StrCat("it is of type ", program.info.type,
                         "; socket filters, classifiers and programs for tracepoints can be"));
  if (program.info.btf_id != 0 || program.info.attach_btf_id != 0)
    return Refuse(file, "it has type information (BTF); load it without");
  if (program.info.ifindex != 0) return Refuse(file, "it is a network device's");
  if (program.instructions.empty())
    return Refuse(file, "the kernel does not show its instructions (bpf_jit_harden)");
  return Ok();
}

// Whatever it is attached to keeps a program as descriptors do, and so do programs that call it,
// links and pins: only the kernel itself knows how many do (bpf_prog_aux::refcnt).
Status CheckAlone(const FdFacts& file, uint32_t id, std::span<const FdFacts> all) {
  const Result<KernelMemory> opened = KernelMemory::Open();
  if (!opened.has_value())
    return Refuse(file,
                  StrCat("whether others use it only root can see (CAP_BPF and CAP_PERFMON): ",
                         opened.error().ToString()));
  const KernelMemory& memory = opened.value();
  std::set<uint64_t> descriptions;
  for (const FdFacts& other : all) {
    if (other.link != file.link) continue;
    ASSIGN_OR_RETURN(const uint64_t other_id, other.info.FindNumber("prog_id", 10));
    if (other_id != id) continue;
    ASSIGN_OR_RETURN(const uint64_t description, memory.FileOf(other.local_fd));
    descriptions.insert(description);
  }
  ASSIGN_OR_RETURN(const uint64_t program, memory.PrivateDataOf(file.local_fd));
  ASSIGN_OR_RETURN(const auto more, memory.Member<uint64_t>(program, "bpf_prog", "aux"));
  ASSIGN_OR_RETURN(const auto users,
                   memory.Member<uint64_t>(more, "bpf_prog_aux", "refcnt.counter"));
  if (users == descriptions.size()) return Ok();
  return Refuse(
      file,
      StrCat("it is also used by something that is not saved (", users, " users, of which ",
             descriptions.size(),
             " are descriptors of the job): what it is attached to, a pin, or another process"));
}

MapFinder FindMapsAmong(std::span<const FdFacts> all) {
  return [all](uint32_t id) {
    for (const FdFacts& other : all) {
      if (other.link != "anon_inode:bpf-map") continue;
      const Result<uint64_t> other_id = other.info.FindNumber("map_id", 10);
      if (other_id.has_value() && other_id.value() == id) return other.local_fd;
    }
    return -1;
  };
}

Result<Value> CollectProgram(const Program& program, std::span<const FdFacts> all,
                             CollectContext& context) {
  ProgramState state{.type = program.info.type,
                     .name = program.info.name,
                     .gpl = program.info.gpl_compatible != 0,
                     .tag = {},
                     .instructions = {},
                     .maps = {}};
  std::copy(std::begin(program.info.tag), std::end(program.info.tag), state.tag.begin());
  ASSIGN_OR_RETURN(const std::vector<bpf_insn> instructions,
                   Reconstruct(program, FindMapsAmong(all)));
  ASSIGN_OR_RETURN(state.instructions,
                   context.attachments().Put(std::as_bytes(std::span(instructions))));
  // As the kind of maps names them.
  for (const uint32_t id : program.maps)
    state.maps.emplace(std::to_string(id), StrCat("bpf_map:", id));
  return Encode(state);
}

}  // namespace

Status BpfProgKind::Check(const FdFacts& file, std::span<const FdFacts> all) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  ASSIGN_OR_RETURN(const Program program, ReadProgram(file.local_fd));
  RETURN_IF_ERROR(CheckType(file, program));
  RETURN_IF_ERROR(CheckAlone(file, program.info.id, all));
  // Of what runs: its instructions are the same when it is frozen.
  if (file.frozen) return Ok();
  const Result<std::vector<bpf_insn>> instructions = Reconstruct(program, FindMapsAmong(all));
  return instructions.has_value() ? Ok() : Status(Refuse(file, instructions.error().ToString()));
}

Result<Value> BpfProgKind::Collect(const FdFacts& file, std::span<const FdFacts> all,
                                   CollectContext& context) const {
  BpfProgState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  ASSIGN_OR_RETURN(const Program program, ReadProgram(file.local_fd));
  state.object = StrCat("bpf_prog:", program.info.id);
  RETURN_IF_ERROR(context.AddObject(state.object, "bpf_prog",
                                    [&] { return CollectProgram(program, all, context); }),
                  "saving the BPF program \"", program.info.name, "\"");
  return Encode(state);
}

Result<ScopedFd> BpfProgKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const BpfProgState state, Decode<BpfProgState>(value, "bpf_prog"));
  ASSIGN_OR_RETURN(const int object, context.Object(state.object));
  ASSIGN_OR_RETURN(const Program program, ReadProgram(object));
  ASSIGN_OR_RETURN(ScopedFd fd, OpenProgram(program.info.id));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status BpfProgKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const BpfProgState state, Decode<BpfProgState>(value, "bpf_prog"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::bpf_prog
