#include "plugins/bpf_prog/bpf_prog_object.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "plugins/bpf_prog/bpf_prog_state.h"
#include "plugins/bpf_prog/program_calls.h"
#include "plugins/bpf_prog/reconstruct.h"

namespace tardigrade::bpf_prog {
namespace {

// Objects of other kinds are asked for by their keys, which an image may give wrongly.
Status CheckMap(int fd) {
  const Result<bpf_map_info> map = ReadMap(fd);
  if (!map.has_value()) return Error(ErrorCode::kBadImage, "bpf_prog.maps has what is no map");
  return Ok();
}

}  // namespace

bool CanBeLoaded(uint32_t type) {
  return type == BPF_PROG_TYPE_SOCKET_FILTER || type == BPF_PROG_TYPE_SCHED_CLS ||
         type == BPF_PROG_TYPE_TRACEPOINT || type == BPF_PROG_TYPE_RAW_TRACEPOINT;
}

Result<ScopedFd> BpfProgObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const ProgramState state, Decode<ProgramState>(value, "bpf_prog"));
  if (!CanBeLoaded(state.type)) return Error(ErrorCode::kBadImage, "bpf_prog.type");
  ASSIGN_OR_RETURN(
      const std::vector<std::byte> bytes,
      context.attachments().Get(state.instructions, kMostInstructions * sizeof(bpf_insn)));
  if (bytes.empty() || bytes.size() % sizeof(bpf_insn) != 0)
    return Error(ErrorCode::kBadImage, "bpf_prog.instructions are no whole instructions");
  Source source{.type = state.type, .name = state.name, .gpl = state.gpl, .instructions = {}};
  source.instructions.resize(bytes.size() / sizeof(bpf_insn));
  std::memcpy(source.instructions.data(), bytes.data(), bytes.size());
  std::map<uint32_t, int> maps;
  for (const auto& [id, key] : state.maps) {
    ASSIGN_OR_RETURN(const int map, context.Object(key));
    RETURN_IF_ERROR(CheckMap(map));
    maps.emplace(static_cast<uint32_t>(std::strtoul(id.c_str(), nullptr, 10)), map);
  }
  Result<std::vector<bpf_insn>> with_maps =
      WithMaps(std::move(source.instructions), [&](uint32_t id) {
        const auto it = maps.find(id);
        return it == maps.end() ? -1 : it->second;
      });
  if (!with_maps.has_value())
    return Error(ErrorCode::kBadImage, "bpf_prog.maps does not have all of its maps");
  source.instructions = std::move(with_maps).value();
  ASSIGN_OR_RETURN(ScopedFd program, LoadProgram(source), "the BPF program \"", state.name, "\"");
  ASSIGN_OR_RETURN(const Program loaded, ReadProgram(program.get()));
  if (std::memcmp(loaded.info.tag, state.tag.data(), state.tag.size()) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("this kernel takes the BPF program \"", state.name, "\" for another one"));
  return program;
}

}  // namespace tardigrade::bpf_prog
