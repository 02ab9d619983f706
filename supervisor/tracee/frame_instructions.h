#ifndef SUPERVISOR_TRACEE_FRAME_INSTRUCTIONS_H_
#define SUPERVISOR_TRACEE_FRAME_INSTRUCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace tardigrade {

// DWARF registers that can be told after a step on x86-64: the general ones and the return address.
inline constexpr uint64_t kUnwindRegisters = 17;

// Whether libunwind can be trusted with call frame instructions (DWARF 5, 6.4.2) of a program that
// may mean harm: all are known, whole, and name registers that there are.  It takes the second
// operand of DW_CFA_register for an index without a look (libunwind 1.6, src/dwarf/Gparser.c,
// run_cfi_program() and apply_reg_state()).
bool AreFrameInstructionsSound(std::span<const std::byte> instructions);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_FRAME_INSTRUCTIONS_H_
