#ifndef PROTOCOLS_FREESTANDING_RUN_PROGRAM_H_
#define PROTOCOLS_FREESTANDING_RUN_PROGRAM_H_

#include "protocols/freestanding/raw_syscall.h"
#include "protocols/syscall_program.h"

namespace tardigrade::protocol {

// kStoreOp.  Returns 0, or -EINVAL for another width.
inline int64_t Store(const uint64_t (&args)[6]) {
  if (args[2] == 4) {
    *reinterpret_cast<volatile uint32_t*>(args[0]) = static_cast<uint32_t>(args[1]);
    return 0;
  }
  if (args[2] != 8) return -22;
  *reinterpret_cast<volatile uint64_t*>(args[0]) = args[1];
  return 0;
}

// kMoveTimeOp.  Returns 0, or -EINVAL for a step that leads nowhere.
inline int64_t MoveTime(const uint64_t (&args)[6]) {
  constexpr int64_t kNsPerSecond = 1000000000;
  struct Timespec {
    int64_t seconds, nanoseconds;
  };
  const auto* from = reinterpret_cast<const volatile Timespec*>(args[1]);
  const auto step = static_cast<int64_t>(args[3]);
  int64_t ns = from->seconds * kNsPerSecond + from->nanoseconds + static_cast<int64_t>(args[2]);
  if (step <= 0) return -22;
  if (ns <= 0) ns = ns % step + step;
  auto* to = reinterpret_cast<volatile Timespec*>(args[0]);
  to->seconds = ns / kNsPerSecond;
  to->nanoseconds = ns % kNsPerSecond;
  return 0;
}

inline int64_t RunCall(uint32_t number, const uint64_t (&args)[6]) {
  if (number == kStoreOp) return Store(args);
  return number == kMoveTimeOp ? MoveTime(args) : RawSyscall(number, args);
}

inline bool IsProgramOfThisVersion(const SyscallProgram* program) {
  return program->magic == kSyscallProgramMagic && program->version == kSyscallProgramVersion;
}

// Runs op `i` and leaves its result in place.  Returns 0, the op's -errno (-ERANGE if it returned
// another value than kOpExpect asked for), or -EINVAL for a malformed one.
inline int64_t RunOp(SyscallProgram* program, uint32_t i) {
  constexpr int64_t kEinval = 22, kErange = 34, kMaxErrno = 4095;
  auto* ops = reinterpret_cast<SyscallOp*>(program + 1);
  const auto payload = reinterpret_cast<uint64_t>(ops + program->op_count);
  uint64_t args[6];
  for (int a = 0; a < 6; ++a) {
    const uint64_t value = ops[i].args[a];
    switch (static_cast<ArgKind>(ops[i].arg_kind[a])) {
      case ArgKind::kLiteral: args[a] = value; break;
      case ArgKind::kPayload: args[a] = payload + value; break;
      case ArgKind::kResult:
        if (value >= i) return -kEinval;
        args[a] = static_cast<uint64_t>(ops[value].result);
        break;
      default: return -kEinval;
    }
  }
  const int64_t expected = ops[i].result;
  const int64_t result = RunCall(ops[i].number, args);
  ops[i].result = result;
  const bool failed = result < 0 && result >= -kMaxErrno;
  if (failed && (ops[i].flags & kOpMayFail) == 0) return result;
  if ((ops[i].flags & kOpExpect) != 0 && result != expected) return -kErange;
  return 0;
}

// Runs the ops [begin, end) up to the first that fails; program->done is then that one, else `end`.
// Returns as RunOp does.
inline int64_t RunOps(SyscallProgram* program, uint32_t begin, uint32_t end) {
  for (uint32_t i = begin; i < end; ++i) {
    program->done = i;
    const int64_t result = RunOp(program, i);
    if (result < 0) return result;
  }
  program->done = end;
  return 0;
}

// Runs `program` up to its first failing op.  Leaves every result in place and
// the number of ops that succeeded in program->done.  Returns as RunOp does,
// and -EINVAL for a program of another version.
inline int64_t RunProgram(SyscallProgram* program) {
  constexpr int64_t kEinval = 22;
  program->done = 0;
  if (!IsProgramOfThisVersion(program)) return -kEinval;
  return RunOps(program, 0, program->op_count);
}

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_FREESTANDING_RUN_PROGRAM_H_
