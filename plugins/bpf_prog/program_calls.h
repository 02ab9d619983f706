#ifndef PLUGINS_BPF_PROG_PROGRAM_CALLS_H_
#define PLUGINS_BPF_PROG_PROGRAM_CALLS_H_

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade::bpf_prog {

// bpf(2), one function for each command.

// What the kernel shows of a program.
struct Program {
  bpf_prog_info info = {};  // Pointers in it mean nothing.
  // As the verifier rewrote them, but with ids for maps: kernel/bpf/syscall.c,
  // bpf_insn_prepare_dump().
  std::vector<bpf_insn> instructions;
  std::vector<uint32_t> maps;  // Ids.
};
Result<Program> ReadProgram(int fd);

// What BPF_PROG_LOAD takes.
struct Source {
  uint32_t type = 0;  // BPF_PROG_TYPE_*
  std::string name;
  bool gpl = false;
  std::vector<bpf_insn> instructions;  // With descriptors for maps.
};
Result<ScopedFd> LoadProgram(const Source& source);

// A new description.  CAP_SYS_ADMIN.
Result<ScopedFd> OpenProgram(uint32_t id);

// One with key and value sizes, of a map.
Result<bpf_map_info> ReadMap(int fd);

bool AreSame(const bpf_insn& a, const bpf_insn& b);

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_PROGRAM_CALLS_H_
