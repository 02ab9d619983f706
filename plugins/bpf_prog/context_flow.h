#ifndef PLUGINS_BPF_PROG_CONTEXT_FLOW_H_
#define PLUGINS_BPF_PROG_CONTEXT_FLOW_H_

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tardigrade::bpf_prog {

// For each instruction of a translated program, which registers point to the program's context
// before it, as a mask: whatever way leads there.  The verifier allows no instruction that reads
// the context on one way and other memory on another.
std::vector<uint32_t> ContextRegisters(std::span<const bpf_insn> program);

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_CONTEXT_FLOW_H_
