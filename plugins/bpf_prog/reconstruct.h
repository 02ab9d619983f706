#ifndef PLUGINS_BPF_PROG_RECONSTRUCT_H_
#define PLUGINS_BPF_PROG_RECONSTRUCT_H_

#include <functional>
#include <vector>

#include "plugins/bpf_prog/program_calls.h"

namespace tardigrade::bpf_prog {

// A descriptor of a map; -1 if there is none.
using MapFinder = std::function<int(uint32_t id)>;

// The instructions the program was loaded with, with ids for maps: what is shown of it is
// translated back, and the result loaded as a trial.  It counts only if the kernel makes the very
// same of it: the tag, which it computes from the instructions it was given (kernel/bpf/core.c,
// bpf_prog_calc_tag()), and all translated instructions.  Errors: kUnsupported if that is not so.
Result<std::vector<bpf_insn>> Reconstruct(const Program& program, const MapFinder& find_map);

// `instructions` with descriptors in the place of ids.  Errors: kUnsupported if there is none.
Result<std::vector<bpf_insn>> WithMaps(std::vector<bpf_insn> instructions,
                                       const MapFinder& find_map);

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_RECONSTRUCT_H_
