#include "plugins/bpf_prog/learner.h"

#include <algorithm>
#include <tuple>

#include "plugins/bpf_prog/instruction.h"

namespace tardigrade::bpf_prog {
namespace {

constexpr int32_t kMark = 0x5eedb0f5;
constexpr int kContextBytes = 256;  // None is larger.
constexpr int kStackBytes = 512;
// Of helpers; more of them than there are.
constexpr int kMostHelpers = 256;
constexpr int kMapHelpers = 3;  // Look up, update and delete.

// Two registers that calls leave alone and that are none of `used`: for the context, and for marks.
std::pair<int, int> FreeRegisters(uint32_t used) {
  int found[2], count = 0;
  for (int r = 9; count < 2; --r) {
    if ((used >> r & 1) == 0) found[count++] = r;
  }
  return {found[0], found[1]};
}

std::vector<bpf_insn> ZeroStack(int bytes) {
  std::vector<bpf_insn> code;
  for (int at = 8; at <= bytes; at += 8)
    code.push_back(Insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -at, 0));
  return code;
}

// In a setup, for what Learner::Try() puts there: no move has an offset like this.
constexpr bpf_insn MoveContext(int to) {
  return Insn(BPF_ALU64 | BPF_MOV | BPF_X, to, 0, kContextBytes, 0);
}

}  // namespace

std::optional<std::vector<Pattern>> Learner::Try(std::span<const Trial> trials, uint32_t used) {
  const auto [context, mark] = FreeRegisters(used);
  Source source{.type = type_, .name = "", .gpl = gpl_, .instructions = {Move(context, 1)}};
  std::vector<bpf_insn>& code = source.instructions;
  for (const Trial& trial : trials) {
    for (bpf_insn insn : trial.setup) {
      if (AreSame(insn, MoveContext(insn.dst_reg))) {
        insn.src_reg = static_cast<uint8_t>(context) & 15;
        insn.off = 0;
      }
      code.push_back(insn);
    }
    code.push_back(Set(mark, kMark));
    code.push_back(trial.instruction);
    code.push_back(Set(mark, kMark));
  }
  code.push_back(Set(0, 0));
  code.push_back(Insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  const Result<ScopedFd> loaded = LoadProgram(source);
  if (!loaded.has_value()) return std::nullopt;
  const Result<Program> program = ReadProgram(loaded.value().get());
  if (!program.has_value()) return std::nullopt;
  std::vector<size_t> marks;
  const std::vector<bpf_insn>& got = program.value().instructions;
  for (size_t i = 0; i < got.size(); ++i) {
    if (AreSame(got[i], Set(mark, kMark))) marks.push_back(i);
  }
  if (marks.size() != 2 * trials.size()) return std::nullopt;
  std::vector<Pattern> patterns;
  for (size_t i = 0; i < trials.size(); ++i)
    patterns.push_back({trials[i].instruction,
                        {got.begin() + static_cast<ptrdiff_t>(marks[2 * i] + 1),
                         got.begin() + static_cast<ptrdiff_t>(marks[2 * i + 1])}});
  return patterns;
}

const std::vector<std::pair<int, int>>& Learner::Fields(int access, bool narrow) {
  const auto [it, added] = fields_.try_emplace({access, narrow});
  if (!added) return it->second;
  std::vector<std::pair<int, int>>& found = it->second;
  const auto ask = [&](int offset, int size) {
    const Trial trial = {{MoveContext(1), Set(2, 0)},
                         access == BPF_LDX ? Insn(BPF_LDX | BPF_MEM | size, 2, 1, offset, 0)
                                           : Insn(BPF_STX | BPF_MEM | size, 1, 2, offset, 0)};
    if (Try(std::span(&trial, 1), 1 << 1 | 1 << 2).has_value()) found.emplace_back(offset, size);
  };
  if (!narrow) {
    for (int offset = 0; offset < kContextBytes; offset += 4) ask(offset, BPF_W);
    for (int offset = 0; offset < kContextBytes; offset += 8) ask(offset, BPF_DW);
    return found;
  }
  // Of what can be read whole.
  found = Fields(access, false);
  for (const auto& [at, size] : std::vector<std::pair<int, int>>(found)) {
    if (size != BPF_W) continue;
    for (int offset = at; offset < at + 4; ++offset) {
      ask(offset, BPF_B);
      if (offset % 2 == 0) ask(offset, BPF_H);
    }
  }
  return found;
}

const std::vector<Pattern>& Learner::Accesses(int access, int to, int from, bool narrow) {
  const auto [it, added] = accesses_.try_emplace({access, to, from, narrow});
  if (!added || to == 10 || from == 10) return it->second;
  std::vector<Trial> trials;
  const int context = access == BPF_LDX ? from : to;
  const int other = access == BPF_LDX ? to : from;
  for (const auto& [offset, size] : Fields(access, narrow)) {
    Trial trial = {{MoveContext(context)}, Insn(access | BPF_MEM | size, to, from, offset, 0)};
    if (access == BPF_STX && other != context) trial.setup.push_back(Set(other, 0));
    trials.push_back(std::move(trial));
  }
  std::optional<std::vector<Pattern>> learnt =
      Try(trials, 1u << static_cast<unsigned>(to) | 1u << static_cast<unsigned>(from));
  if (learnt.has_value()) it->second = *std::move(learnt);
  return it->second;
}

std::optional<Pattern> Learner::OfNumbers(const bpf_insn& instruction) {
  const int to = instruction.dst_reg, from = instruction.src_reg;
  Trial trial = {{Set(to, 3), Set(from, 3)}, instruction};
  if (ClassOf(instruction) == BPF_LD) trial.setup.push_back(MoveContext(6));
  std::optional<std::vector<Pattern>> learnt =
      Try(std::span(&trial, 1),
          1u << 6 | 1u << static_cast<unsigned>(to) | 1u << static_cast<unsigned>(from));
  if (!learnt.has_value()) return std::nullopt;
  return std::move(learnt->front());
}

void Learner::LearnCalls(const std::vector<bpf_insn>& setup, int most,
                         std::vector<Pattern>& calls) {
  for (int helper = 1; helper <= most; ++helper) {
    const Trial trial = {setup, Insn(BPF_JMP | BPF_CALL, 0, 0, 0, helper)};
    std::optional<std::vector<Pattern>> learnt = Try(std::span(&trial, 1), 0);
    if (learnt.has_value()) calls.push_back(std::move(learnt->front()));
  }
}

const std::vector<Pattern>& Learner::MapCalls() {
  if (map_calls_.has_value()) return *map_calls_;
  map_calls_.emplace();
  for (const Map& map : maps_) {
    const auto key = static_cast<int>((map.key_bytes + 7) / 8 * 8);
    const auto value = static_cast<int>((map.value_bytes + 7) / 8 * 8);
    if (map.key_bytes > kStackBytes || map.value_bytes > kStackBytes || key + value > kStackBytes)
      continue;
    std::vector<bpf_insn> setup = ZeroStack(key + value);
    for (const bpf_insn& insn :
         {Insn(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map.fd), Insn(0, 0, 0, 0, 0),
          Move(2, 10), Add(2, -key), Move(3, 10), Add(3, -key - value), Set(4, 0)})
      setup.push_back(insn);
    LearnCalls(setup, kMapHelpers, *map_calls_);
  }
  return *map_calls_;
}

const std::vector<Pattern>& Learner::OtherCalls() {
  if (other_calls_.has_value()) return *other_calls_;
  other_calls_.emplace();
  LearnCalls({}, kMostHelpers, *other_calls_);
  // The context, a number, memory and its size; memory and its size.
  std::vector<bpf_insn> with_context = ZeroStack(16), with_memory = with_context;
  for (const bpf_insn& insn :
       {MoveContext(1), Set(2, 0), Move(3, 10), Add(3, -16), Set(4, 4), Set(5, 0)})
    with_context.push_back(insn);
  for (const bpf_insn& insn :
       {Move(1, 10), Add(1, -16), Set(2, 8), Set(3, 0), Set(4, 0), Set(5, 0)})
    with_memory.push_back(insn);
  LearnCalls(with_context, kMostHelpers, *other_calls_);
  LearnCalls(with_memory, kMostHelpers, *other_calls_);
  return *other_calls_;
}

}  // namespace tardigrade::bpf_prog
