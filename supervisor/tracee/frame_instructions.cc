#include "supervisor/tracee/frame_instructions.h"

#include <iterator>

namespace tardigrade {
namespace {

// What follows an opcode.
enum class Operands : uint8_t {
  kUnknown,
  kNone,
  kBytes1,
  kBytes2,
  kBytes4,
  kNumber,
  kRegister,
  kRegisterNumber,
  kTwoRegisters,
  kBlock,
  kRegisterBlock,
};

// DWARF 5, 7.24; DW_CFA_set_loc (1), which no compiler writes, counts as unknown.
Operands OperandsOf(uint8_t opcode) {
  constexpr Operands kByOpcode[] = {
      Operands::kNone,            // DW_CFA_nop
      Operands::kUnknown,         // DW_CFA_set_loc
      Operands::kBytes1,          // DW_CFA_advance_loc1
      Operands::kBytes2,          // DW_CFA_advance_loc2
      Operands::kBytes4,          // DW_CFA_advance_loc4
      Operands::kRegisterNumber,  // DW_CFA_offset_extended
      Operands::kRegister,        // DW_CFA_restore_extended
      Operands::kRegister,        // DW_CFA_undefined
      Operands::kRegister,        // DW_CFA_same_value
      Operands::kTwoRegisters,    // DW_CFA_register
      Operands::kNone,            // DW_CFA_remember_state
      Operands::kNone,            // DW_CFA_restore_state
      Operands::kRegisterNumber,  // DW_CFA_def_cfa
      Operands::kRegister,        // DW_CFA_def_cfa_register
      Operands::kNumber,          // DW_CFA_def_cfa_offset
      Operands::kBlock,           // DW_CFA_def_cfa_expression
      Operands::kRegisterBlock,   // DW_CFA_expression
      Operands::kRegisterNumber,  // DW_CFA_offset_extended_sf
      Operands::kRegisterNumber,  // DW_CFA_def_cfa_sf
      Operands::kNumber,          // DW_CFA_def_cfa_offset_sf
      Operands::kRegisterNumber,  // DW_CFA_val_offset
      Operands::kRegisterNumber,  // DW_CFA_val_offset_sf
      Operands::kRegisterBlock,   // DW_CFA_val_expression
  };
  constexpr uint8_t kGnuArgsSize = 0x2e, kGnuNegativeOffsetExtended = 0x2f;
  switch (opcode >> 6) {
    case 1:  // DW_CFA_advance_loc
    case 3:  // DW_CFA_restore; its register stands in the opcode.
      return Operands::kNone;
    case 2:  // DW_CFA_offset
      return Operands::kNumber;
    default:
      break;
  }
  if (opcode < std::size(kByOpcode)) return kByOpcode[opcode];
  if (opcode == kGnuArgsSize) return Operands::kNumber;
  return opcode == kGnuNegativeOffsetExtended ? Operands::kRegisterNumber : Operands::kUnknown;
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  bool at_end() const { return left_.empty(); }

  bool Skip(uint64_t bytes) {
    if (bytes > left_.size()) return false;
    left_ = left_.subspan(bytes);
    return true;
  }

  bool Take(uint8_t& byte) {
    if (left_.empty()) return false;
    byte = static_cast<uint8_t>(left_[0]);
    return Skip(1);
  }

  // Unsigned LEB128; of a signed one the value means nothing.
  bool TakeNumber(uint64_t& value) {
    constexpr int kMostBits = 64;
    value = 0;
    uint8_t byte = 0x80;
    for (int shift = 0; (byte & 0x80) != 0; shift += 7) {
      if (!Take(byte) || shift >= kMostBits) return false;
      value |= uint64_t{byte & 0x7fU} << shift;
    }
    return true;
  }

  bool SkipNumber() {
    uint64_t ignored = 0;
    return TakeNumber(ignored);
  }
  bool SkipRegister() {
    uint64_t number = 0;
    return TakeNumber(number) && number < kUnwindRegisters;
  }
  bool SkipBlock() {
    uint64_t bytes = 0;
    return TakeNumber(bytes) && Skip(bytes);
  }

 private:
  std::span<const std::byte> left_;
};

bool SkipOperands(Reader& reader, Operands operands) {
  switch (operands) {
    case Operands::kNone:
      return true;
    case Operands::kBytes1:
      return reader.Skip(1);
    case Operands::kBytes2:
      return reader.Skip(2);
    case Operands::kBytes4:
      return reader.Skip(4);
    case Operands::kNumber:
      return reader.SkipNumber();
    case Operands::kRegister:
      return reader.SkipRegister();
    case Operands::kRegisterNumber:
      return reader.SkipRegister() && reader.SkipNumber();
    case Operands::kTwoRegisters:
      return reader.SkipRegister() && reader.SkipRegister();
    case Operands::kBlock:
      return reader.SkipBlock();
    case Operands::kRegisterBlock:
      return reader.SkipRegister() && reader.SkipBlock();
    case Operands::kUnknown:
      break;
  }
  return false;
}

}  // namespace

bool AreFrameInstructionsSound(std::span<const std::byte> instructions) {
  Reader reader(instructions);
  while (!reader.at_end()) {
    uint8_t opcode = 0;
    if (!reader.Take(opcode) || !SkipOperands(reader, OperandsOf(opcode))) return false;
  }
  return true;
}

}  // namespace tardigrade
