#include "plugins/bpf_prog/reconstruct.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "plugins/bpf_prog/context_flow.h"
#include "plugins/bpf_prog/instruction.h"
#include "plugins/bpf_prog/learner.h"

namespace tardigrade::bpf_prog {
namespace {

// One of several ways to translate back where the same could have come from more than one
// instruction.
struct Preference {
  bool narrow;   // Look for reads of single bytes of the context.
  bool calls;    // Look for all helpers; else only for those of maps.
  bool longest;  // Take what explains most of the translated instructions, or least.
};
// What takes less learning first.
constexpr Preference kPreferences[] = {{false, false, true}, {true, false, true},
                                       {true, false, false}, {false, true, true},
                                       {true, true, true},   {true, true, false}};

// An instruction as it was, and the translated ones it became.
struct Piece {
  bpf_insn instruction;
  size_t at, length;
};

class Translator {
 public:
  Translator(const Program& program, Learner& learner, Preference preference)
      : code_(program.instructions),
        context_(ContextRegisters(code_)),
        learner_(learner),
        preference_(preference) {}

  std::optional<std::vector<bpf_insn>> Run() {
    for (size_t at = 0; at < code_.size();) {
      pieces_.push_back(PieceAt(at));
      at += pieces_.back().length;
    }
    std::vector<bpf_insn> result;
    for (size_t i = 0; i < pieces_.size(); ++i) {
      result.push_back(pieces_[i].instruction);
      if (IsJump(result.back()) && !Aim(result.back(), i)) return std::nullopt;
    }
    return result;
  }

 private:
  bool Matches(const Pattern& pattern, size_t at) const {
    const size_t size = pattern.translated.size();
    return size != 0 && size <= code_.size() - at &&
           std::equal(pattern.translated.begin(), pattern.translated.end(),
                      code_.begin() + static_cast<ptrdiff_t>(at), AreSame);
  }
  void Consider(const Pattern& pattern, size_t at, std::optional<Piece>& best) const {
    if (!Matches(pattern, at)) return;
    const size_t size = pattern.translated.size();
    if (!best.has_value() || (preference_.longest ? size > best->length : size < best->length))
      best = Piece{pattern.instruction, at, size};
  }

  Piece PieceAt(size_t at) {
    const bpf_insn& insn = code_[at];
    std::optional<Piece> best;
    const bool reads = ClassOf(insn) == BPF_LDX && (context_[at] >> insn.src_reg & 1) != 0;
    const bool writes = ClassOf(insn) == BPF_STX && (context_[at] >> insn.dst_reg & 1) != 0;
    if (reads || writes) {
      for (const Pattern& pattern :
           reads ? learner_.Reads(insn.dst_reg, insn.src_reg, preference_.narrow)
                 : learner_.Writes(insn.dst_reg, insn.src_reg, preference_.narrow))
        Consider(pattern, at, best);
    }
    if (!best.has_value()) ConsiderDivision(at, best);
    if (!best.has_value()) ConsiderPacket(at, best);
    if (!best.has_value()) {
      for (const Pattern& pattern : learner_.MapCalls()) Consider(pattern, at, best);
    }
    if (!best.has_value() && preference_.calls) {
      for (const Pattern& pattern : learner_.OtherCalls()) Consider(pattern, at, best);
    }
    return best.value_or(Piece{insn, at, 1});
  }

  // A check of the divisor goes before a division: bpf_do_misc_fixups().
  void ConsiderDivision(size_t at, std::optional<Piece>& best) {
    if (!IsJump(code_[at]) || code_[at].imm != 0) return;
    for (size_t i = at + 1; i < std::min(at + 5, code_.size()); ++i) {
      const int alu = ClassOf(code_[i]), op = BPF_OP(code_[i].code);
      if ((alu != BPF_ALU && alu != BPF_ALU64) || BPF_SRC(code_[i].code) != BPF_X ||
          (op != BPF_DIV && op != BPF_MOD))
        continue;
      const auto pattern = learner_.OfNumbers(code_[i]);
      if (pattern.has_value()) Consider(*pattern, at, best);
    }
  }

  // BPF_LD_ABS: a call with the offset in r2.  BPF_LD_IND: with a register and the offset.
  // bpf_gen_ld_abs()
  void ConsiderPacket(size_t at, std::optional<Piece>& best) {
    if (code_[at].dst_reg != 2 || at + 1 >= code_.size()) return;
    const bool absolute = AreSame(code_[at], Set(2, code_[at].imm));
    const bool indirect = AreSame(code_[at], Move(2, code_[at].src_reg));
    const bool added = AreSame(code_[at + 1], Add(2, code_[at + 1].imm));
    if (!absolute && !indirect) return;
    const int32_t offset = absolute ? code_[at].imm : added ? code_[at + 1].imm : 0;
    for (const int size : {BPF_W, BPF_H, BPF_B}) {
      const auto pattern = learner_.OfNumbers(Insn(BPF_LD | (absolute ? BPF_ABS : BPF_IND) | size,
                                                   0, absolute ? 0 : code_[at].src_reg, 0, offset));
      if (pattern.has_value()) Consider(*pattern, at, best);
    }
  }

  // To where the instruction is now that it jumped to.
  bool Aim(bpf_insn& jump, size_t index) const {
    const int64_t target = TargetOf(jump, static_cast<int64_t>(pieces_[index].at));
    const auto found = std::lower_bound(
        pieces_.begin(), pieces_.end(), target,
        [](const Piece& piece, int64_t wanted) { return static_cast<int64_t>(piece.at) < wanted; });
    if (found == pieces_.end() || static_cast<int64_t>(found->at) != target) return false;
    const auto distance =
        static_cast<int32_t>(found - pieces_.begin() - static_cast<ptrdiff_t>(index) - 1);
    if (jump.code == (BPF_JMP32 | BPF_JA))
      jump.imm = distance;
    else
      jump.off = static_cast<int16_t>(distance);
    return jump.code == (BPF_JMP32 | BPF_JA) || jump.off == distance;
  }

  const std::vector<bpf_insn>& code_;
  const std::vector<uint32_t> context_;
  Learner& learner_;
  const Preference preference_;
  std::vector<Piece> pieces_;
};

bool IsSame(const Program& a, const Program& b) {
  return std::memcmp(a.info.tag, b.info.tag, sizeof(a.info.tag)) == 0 &&
         std::equal(a.instructions.begin(), a.instructions.end(), b.instructions.begin(),
                    b.instructions.end(), AreSame);
}

bool BecomesTheSame(const Program& program, const std::vector<bpf_insn>& instructions) {
  const Result<ScopedFd> loaded = LoadProgram({.type = program.info.type,
                                               .name = program.info.name,
                                               .gpl = program.info.gpl_compatible != 0,
                                               .instructions = instructions});
  if (!loaded.has_value()) return false;
  const Result<Program> trial = ReadProgram(loaded.value().get());
  return trial.has_value() && IsSame(program, trial.value());
}

}  // namespace

Result<std::vector<bpf_insn>> WithMaps(std::vector<bpf_insn> instructions,
                                       const MapFinder& find_map) {
  for (size_t i = 0; i < instructions.size(); ++i) {
    if (!IsOfMap(instructions[i])) continue;
    const auto id = static_cast<uint32_t>(instructions[i].imm);
    instructions[i].imm = find_map(id);
    if (instructions[i].imm < 0)
      return Error(ErrorCode::kUnsupported,
                   StrCat("it uses the BPF map ", id, ", of which the job has no descriptor"));
    ++i;
  }
  return instructions;
}

Result<std::vector<bpf_insn>> Reconstruct(const Program& program, const MapFinder& find_map) {
  std::vector<Learner::Map> maps;
  for (const uint32_t id : program.maps) {
    const int fd = find_map(id);
    if (fd < 0)
      return Error(ErrorCode::kUnsupported,
                   StrCat("it uses the BPF map ", id, ", of which the job has no descriptor"));
    ASSIGN_OR_RETURN(const bpf_map_info map, ReadMap(fd));
    maps.push_back({.fd = fd, .key_bytes = map.key_size, .value_bytes = map.value_size});
  }
  Learner learner(program.info.type, program.info.gpl_compatible != 0, std::move(maps));
  for (const Preference& preference : kPreferences) {
    std::optional<std::vector<bpf_insn>> found = Translator(program, learner, preference).Run();
    if (!found.has_value()) continue;
    ASSIGN_OR_RETURN(const std::vector<bpf_insn> loadable, WithMaps(*found, find_map));
    if (BecomesTheSame(program, loadable)) return *std::move(found);
  }
  return Error(ErrorCode::kUnsupported,
               "what it was loaded with cannot be told from what the kernel made of it");
}

}  // namespace tardigrade::bpf_prog
