#include "plugins/bpf_prog/program_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace tardigrade::bpf_prog {
namespace {

int Call(int command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

uint64_t Pointer(const void* at) { return reinterpret_cast<uint64_t>(at); }

template <typename Info>
Status Ask(int fd, Info& info, const char* what) {
  bpf_attr attributes = {};
  attributes.info.bpf_fd = static_cast<uint32_t>(fd);
  attributes.info.info_len = sizeof(info);
  attributes.info.info = Pointer(&info);
  if (Call(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0)
    return Error::Errno("asking what a BPF ", what, " is");
  return Ok();
}

}  // namespace

bool AreSame(const bpf_insn& a, const bpf_insn& b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

Result<Program> ReadProgram(int fd) {
  Program program;
  RETURN_IF_ERROR(Ask(fd, program.info, "program"));
  program.instructions.resize(program.info.xlated_prog_len / sizeof(bpf_insn));
  program.maps.resize(program.info.nr_map_ids);
  bpf_prog_info& info = program.info = {};
  info.xlated_prog_len = static_cast<uint32_t>(program.instructions.size() * sizeof(bpf_insn));
  info.xlated_prog_insns = Pointer(program.instructions.data());
  info.nr_map_ids = static_cast<uint32_t>(program.maps.size());
  info.map_ids = Pointer(program.maps.data());
  RETURN_IF_ERROR(Ask(fd, info, "program"));
  return program;
}

Result<ScopedFd> LoadProgram(const Source& source) {
  bpf_attr attributes = {};
  attributes.prog_type = source.type;
  attributes.insn_cnt = static_cast<uint32_t>(source.instructions.size());
  attributes.insns = Pointer(source.instructions.data());
  attributes.license = Pointer(source.gpl ? "GPL" : "");
  source.name.copy(attributes.prog_name, sizeof(attributes.prog_name) - 1);
  ScopedFd fd(Call(BPF_PROG_LOAD, attributes));
  if (!fd.valid()) return Error::Errno("loading a BPF program (CAP_BPF and others)");
  return fd;
}

Result<ScopedFd> OpenProgram(uint32_t id) {
  bpf_attr attributes = {};
  attributes.prog_id = id;
  ScopedFd fd(Call(BPF_PROG_GET_FD_BY_ID, attributes));
  if (!fd.valid()) return Error::Errno("opening a BPF program (CAP_SYS_ADMIN)");
  return fd;
}

Result<bpf_map_info> ReadMap(int fd) {
  bpf_map_info info = {};
  RETURN_IF_ERROR(Ask(fd, info, "map"));
  return info;
}

}  // namespace tardigrade::bpf_prog
