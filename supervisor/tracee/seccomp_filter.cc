#include "supervisor/tracee/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#if defined(__x86_64__)
#define TARDIGRADE_AUDIT_ARCH AUDIT_ARCH_X86_64
#else
#error "which AUDIT_ARCH_* this machine has is not written down yet"
#endif

namespace tardigrade {
namespace {

using Word = std::optional<uint32_t>;  // Empty: not known.

// What is known before an instruction, whichever way led there.
struct Machine {
  Word a = 0, x = 0;
  std::array<Word, BPF_MEMWORDS> memory = {};

  void Join(const Machine& other) {
    const auto join = [](Word& mine, const Word& theirs) {
      if (mine != theirs) mine.reset();
    };
    join(a, other.a);
    join(x, other.x);
    for (size_t i = 0; i < memory.size(); ++i) join(memory[i], other.memory[i]);
  }
};

Word LoadData(uint32_t offset, uint32_t number) {
  if (offset == offsetof(seccomp_data, nr)) return number;
  if (offset == offsetof(seccomp_data, arch)) return TARDIGRADE_AUDIT_ARCH;
  return std::nullopt;
}

Word Compute(uint16_t operation, Word a, Word operand) {
  if (operation == BPF_NEG) return a ? Word(-*a) : std::nullopt;
  if (operation == BPF_AND && (a == 0u || operand == 0u)) return 0;
  if (!a || !operand) return std::nullopt;
  switch (operation) {
    case BPF_ADD: return *a + *operand;
    case BPF_SUB: return *a - *operand;
    case BPF_MUL: return *a * *operand;
    case BPF_DIV: return *operand == 0 ? std::nullopt : Word(*a / *operand);
    case BPF_OR: return *a | *operand;
    case BPF_AND: return *a & *operand;
    case BPF_XOR: return *a ^ *operand;
    case BPF_LSH: return *operand < 32 ? Word(*a << *operand) : std::nullopt;
    case BPF_RSH: return *operand < 32 ? Word(*a >> *operand) : std::nullopt;
    default: return std::nullopt;
  }
}

std::optional<bool> Test(uint16_t operation, Word a, Word operand) {
  if (!a || !operand) return std::nullopt;
  switch (operation) {
    case BPF_JEQ: return *a == *operand;
    case BPF_JGT: return *a > *operand;
    case BPF_JGE: return *a >= *operand;
    case BPF_JSET: return (*a & *operand) != 0;
    default: return std::nullopt;
  }
}

bool IsAllowing(Word action) {
  if (!action) return false;
  const uint32_t what = *action & SECCOMP_RET_ACTION_FULL;
  return what == SECCOMP_RET_ALLOW || what == SECCOMP_RET_LOG;
}

// Jumps lead forwards only, so one pass over the instructions sees every way.
class Walk {
 public:
  Walk(std::span<const sock_filter> filter, uint32_t number)
      : filter_(filter), number_(number), reached_(filter.size()) {}

  bool AllWaysAllow() {
    if (filter_.empty()) return false;
    reached_[0] = Machine();
    for (at_ = 0; at_ < filter_.size(); ++at_) {
      if (reached_[at_] && !Step(filter_[at_], *reached_[at_])) return false;
    }
    return true;
  }

 private:
  // False where it does not surely go well.
  bool GoTo(uint64_t target, const Machine& machine) {
    if (target >= filter_.size()) return false;
    std::optional<Machine>& there = reached_[target];
    if (there) {
      there->Join(machine);
    } else {
      there = machine;
    }
    return true;
  }

  bool Jump(const sock_filter& op, const Machine& machine) {
    if (BPF_OP(op.code) == BPF_JA) return GoTo(at_ + 1 + uint64_t{op.k}, machine);
    const Word operand = BPF_SRC(op.code) == BPF_X ? machine.x : Word(op.k);
    const std::optional<bool> taken = Test(BPF_OP(op.code), machine.a, operand);
    if (taken.value_or(true) && !GoTo(at_ + 1 + op.jt, machine)) return false;
    return taken.value_or(false) || GoTo(at_ + 1 + op.jf, machine);
  }

  // The value a BPF_LD or BPF_LDX reads.
  Word Load(const sock_filter& op, const Machine& machine) const {
    switch (BPF_MODE(op.code)) {
      case BPF_IMM: return op.k;
      case BPF_MEM: return op.k < BPF_MEMWORDS ? machine.memory[op.k] : std::nullopt;
      case BPF_ABS: return LoadData(op.k, number_);
      case BPF_LEN: return uint32_t{sizeof(seccomp_data)};
      default: return std::nullopt;
    }
  }

  bool Step(const sock_filter& op, Machine machine) {
    switch (BPF_CLASS(op.code)) {
      case BPF_LD: machine.a = Load(op, machine); break;
      case BPF_LDX: machine.x = Load(op, machine); break;
      case BPF_ST:
      case BPF_STX:
        if (op.k >= BPF_MEMWORDS) return false;
        machine.memory[op.k] = BPF_CLASS(op.code) == BPF_ST ? machine.a : machine.x;
        break;
      case BPF_ALU:
        machine.a = Compute(BPF_OP(op.code), machine.a,
                            BPF_SRC(op.code) == BPF_X ? machine.x : Word(op.k));
        break;
      case BPF_JMP: return Jump(op, machine);
      case BPF_RET: return IsAllowing(BPF_RVAL(op.code) == BPF_A ? machine.a : Word(op.k));
      case BPF_MISC:
        if (BPF_MISCOP(op.code) == BPF_TAX) {
          machine.x = machine.a;
        } else {
          machine.a = machine.x;
        }
        break;
      default: return false;
    }
    return GoTo(at_ + 1, machine);
  }

  std::span<const sock_filter> filter_;
  uint32_t number_;
  std::vector<std::optional<Machine>> reached_;
  size_t at_ = 0;
};

}  // namespace

bool SurelyAllows(std::span<const sock_filter> filter, uint32_t number) {
  return Walk(filter, number).AllWaysAllow();
}

bool SurelyAllow(const std::vector<SeccompFilter>& filters, std::span<const uint32_t> numbers) {
  return std::all_of(filters.begin(), filters.end(), [&](const SeccompFilter& filter) {
    return std::all_of(numbers.begin(), numbers.end(),
                       [&](uint32_t number) { return SurelyAllows(filter, number); });
  });
}

}  // namespace tardigrade
