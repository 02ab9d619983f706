#include "plugins/bpf_prog/context_flow.h"

#include <bitset>
#include <optional>

#include "plugins/bpf_prog/instruction.h"

namespace tardigrade::bpf_prog {
namespace {

constexpr size_t kStackSlots = 64;

struct State {
  uint32_t registers = 0;
  std::bitset<kStackSlots> stack;  // Of 8 bytes, from the top.

  bool operator==(const State&) const = default;
  bool Has(int reg) const { return (registers >> reg & 1) != 0; }
  void Let(int reg, bool value) {
    registers = (registers & ~(1u << reg)) | (value ? 1u << reg : 0);
  }
};

std::optional<size_t> SlotOf(const bpf_insn& insn) {
  if (insn.off >= 0 || insn.off % 8 != 0 || insn.off < -static_cast<int>(8 * kStackSlots))
    return std::nullopt;
  return static_cast<size_t>(-insn.off / 8 - 1);
}

State After(const bpf_insn& insn, State state) {
  const int to = insn.dst_reg, from = insn.src_reg;
  constexpr int kMove = BPF_ALU64 | BPF_MOV | BPF_X, kStore = BPF_STX | BPF_MEM | BPF_DW,
                kLoad = BPF_LDX | BPF_MEM | BPF_DW;
  if (insn.code == kMove && insn.off == 0) {
    state.Let(to, state.Has(from));
  } else if (insn.code == kStore && to == 10) {
    if (const auto slot = SlotOf(insn)) state.stack[*slot] = state.Has(from);
  } else if (insn.code == kLoad && from == 10) {
    const auto slot = SlotOf(insn);
    state.Let(to, slot.has_value() && state.stack[*slot]);
  } else if (IsCall(insn)) {
    state.registers &= ~0x3fu;
  } else if (ClassOf(insn) == BPF_ALU || ClassOf(insn) == BPF_ALU64 || ClassOf(insn) == BPF_LDX ||
             ClassOf(insn) == BPF_LD) {
    state.Let(to, false);
  }
  return state;
}

}  // namespace

std::vector<uint32_t> ContextRegisters(std::span<const bpf_insn> program) {
  std::vector<std::optional<State>> before(program.size());
  std::vector<size_t> waiting;
  const auto flow = [&](int64_t at, const State& state) {
    if (at < 0 || static_cast<size_t>(at) >= program.size()) return;
    std::optional<State>& there = before[static_cast<size_t>(at)];
    State joined = state;
    if (there.has_value()) {
      joined.registers &= there->registers;
      joined.stack &= there->stack;
      if (joined == *there) return;
    }
    there = joined;
    waiting.push_back(static_cast<size_t>(at));
  };
  flow(0, {.registers = 1u << 1, .stack = {}});
  while (!waiting.empty()) {
    const size_t at = waiting.back();
    waiting.pop_back();
    const bpf_insn& insn = program[at];
    const State after = After(insn, *before[at]);
    if (IsExit(insn)) continue;
    if (IsJump(insn)) flow(TargetOf(insn, static_cast<int64_t>(at)), after);
    if (!IsAlways(insn)) flow(static_cast<int64_t>(at) + (IsWide(insn) ? 2 : 1), after);
  }
  std::vector<uint32_t> registers;
  for (const std::optional<State>& state : before)
    registers.push_back(state.has_value() ? state->registers : 0);
  return registers;
}

}  // namespace tardigrade::bpf_prog
