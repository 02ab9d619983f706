#ifndef PLUGINS_BPF_PROG_INSTRUCTION_H_
#define PLUGINS_BPF_PROG_INSTRUCTION_H_

#include <linux/bpf.h>

#include <cstdint>

namespace tardigrade::bpf_prog {

constexpr bpf_insn Insn(int code, int to, int from, int offset, int32_t value) {
  bpf_insn insn = {};
  insn.code = static_cast<uint8_t>(code);
  insn.dst_reg = static_cast<uint8_t>(to) & 15;
  insn.src_reg = static_cast<uint8_t>(from) & 15;
  insn.off = static_cast<int16_t>(offset);
  insn.imm = value;
  return insn;
}
constexpr bpf_insn Move(int to, int from) {
  return Insn(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr bpf_insn Set(int to, int32_t value) {
  return Insn(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
constexpr bpf_insn Add(int to, int32_t value) {
  return Insn(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value);
}

constexpr int ClassOf(const bpf_insn& insn) { return BPF_CLASS(insn.code); }
constexpr bool IsJumpClass(const bpf_insn& insn) {
  return ClassOf(insn) == BPF_JMP || ClassOf(insn) == BPF_JMP32;
}
constexpr bool IsCall(const bpf_insn& insn) { return insn.code == (BPF_JMP | BPF_CALL); }
constexpr bool IsExit(const bpf_insn& insn) { return insn.code == (BPF_JMP | BPF_EXIT); }
constexpr bool IsJump(const bpf_insn& insn) {
  return IsJumpClass(insn) && !IsCall(insn) && !IsExit(insn);
}
constexpr bool IsAlways(const bpf_insn& insn) {
  return IsJump(insn) && BPF_OP(insn.code) == BPF_JA;
}
// Two slots.
constexpr bool IsWide(const bpf_insn& insn) { return insn.code == (BPF_LD | BPF_IMM | BPF_DW); }
// Of a wide one: whether it is about a map.
constexpr bool IsOfMap(const bpf_insn& insn) {
  return IsWide(insn) &&
         (insn.src_reg == BPF_PSEUDO_MAP_FD || insn.src_reg == BPF_PSEUDO_MAP_VALUE);
}
// Where a jump at `at` goes.
constexpr int64_t TargetOf(const bpf_insn& insn, int64_t at) {
  return at + 1 + (insn.code == (BPF_JMP32 | BPF_JA) ? insn.imm : insn.off);
}

}  // namespace tardigrade::bpf_prog

#endif  // PLUGINS_BPF_PROG_INSTRUCTION_H_
