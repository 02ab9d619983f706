#ifndef PLUGINS_BPF_PROG_LEARNER_H_
#define PLUGINS_BPF_PROG_LEARNER_H_

#include <linux/bpf.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "plugins/bpf_prog/program_calls.h"

namespace tardigrade::bpf_prog {

// What an instruction becomes.
struct Pattern {
  bpf_insn instruction;
  std::vector<bpf_insn> translated;
};

// Learns from this very kernel what its verifier makes of an instruction: by small programs that
// hold it between two others that are easily found again.
class Learner {
 public:
  struct Map {
    int fd = -1;
    uint32_t key_bytes = 0, value_bytes = 0;
  };
  Learner(uint32_t type, bool gpl, std::vector<Map> maps)
      : type_(type), gpl_(gpl), maps_(std::move(maps)) {}

  // Reads of the context through register `from` into `to`; writes of `from` to it through `to`.
  // `narrow`: also of bytes and 16 bits.
  const std::vector<Pattern>& Reads(int to, int from, bool narrow) {
    return Accesses(BPF_LDX, to, from, narrow);
  }
  const std::vector<Pattern>& Writes(int to, int from, bool narrow) {
    return Accesses(BPF_STX, to, from, narrow);
  }

  // An instruction on registers with numbers in them; for BPF_LD r6 is the context.  nullopt if the
  // verifier does not take it.
  std::optional<Pattern> OfNumbers(const bpf_insn& instruction);

  // Calls of helpers with arguments that are easily made: of those for maps, with each map, and of
  // others.
  const std::vector<Pattern>& MapCalls();
  const std::vector<Pattern>& OtherCalls();

 private:
  struct Trial {
    std::vector<bpf_insn> setup;
    bpf_insn instruction;
  };
  // nullopt if one of them is not taken.  `used`: registers the instructions use.
  std::optional<std::vector<Pattern>> Try(std::span<const Trial> trials, uint32_t used);
  const std::vector<Pattern>& Accesses(int access, int to, int from, bool narrow);
  const std::vector<std::pair<int, int>>& Fields(int access, bool narrow);
  void LearnCalls(const std::vector<bpf_insn>& setup, int most, std::vector<Pattern>& calls);

  const uint32_t type_;
  const bool gpl_;
  const std::vector<Map> maps_;
  // Offset and size code, by class and whether narrow.
  std::map<std::pair<int, bool>, std::vector<std::pair<int, int>>> fields_;
  std::map<std::tuple<int, int, int, bool>, std::vector<Pattern>> accesses_;
  std::optional<std::vector<Pattern>> map_calls_, other_calls_;
};

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_LEARNER_H_
