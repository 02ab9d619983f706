#ifndef PROTOCOLS_SYSCALL_PROGRAM_H_
#define PROTOCOLS_SYSCALL_PROGRAM_H_

// A list of syscalls the supervisor writes and a blob inside the tracee runs.
//
// Shared by freestanding and hosted code: fixed-width integers only, no
// pointers, no libc, no inheritance.  Bump kSyscallProgramVersion with any
// change of layout; supervisor and blobs are built together and check it.

#include <stddef.h>
#include <stdint.h>

namespace tardigrade::protocol {

inline constexpr uint32_t kSyscallProgramMagic = 0x50534454;  // "TDSP"
inline constexpr uint32_t kSyscallProgramVersion = 1;

// How to read SyscallOp::args[i].
enum class ArgKind : uint8_t {
  kLiteral = 0,  // The value itself.
  kPayload = 1,  // Byte offset into the payload; becomes its address.
  kResult = 2,   // Index of an earlier op; becomes what that op returned.
};

// SyscallOp::flags.
inline constexpr uint16_t kOpMayFail = 1;  // An error is a result like any other: go on.
inline constexpr uint16_t kOpExpect = 2;   // Must return exactly what `result` held before; else the program fails.

// SyscallOp::number of an op that is no syscall: it stores the low args[2] bytes (4 or 8) of args[1]
// at address args[0].  For structs that hold an address in the task, or an earlier op's result.
inline constexpr uint32_t kStoreOp = 0xffffffff;

// SyscallOp::number of another: the struct timespec at args[0] becomes the one at args[1] plus
// args[2] (signed) nanoseconds, and, if that is no time after 0, as many times args[3] more as it
// takes.  For times that are to be reckoned from when the program runs.
inline constexpr uint32_t kMoveTimeOp = 0xfffffffe;

inline constexpr bool IsSyscall(uint32_t number) { return number < kMoveTimeOp; }

struct SyscallOp {
  uint32_t number;      // __NR_*, kStoreOp or kMoveTimeOp
  uint8_t arg_kind[6];  // ArgKind
  uint16_t flags;       // kOp*
  uint64_t args[6];
  int64_t result;       // In: the expected value with kOpExpect.  Out: the kernel's return value.
};
static_assert(sizeof(SyscallOp) == 72 && alignof(SyscallOp) == 8);

// Followed in memory by `op_count` SyscallOps, then `payload_size` bytes.
struct SyscallProgram {
  uint32_t magic;
  uint32_t version;
  uint32_t op_count;
  uint32_t payload_size;  // Bytes.
  uint32_t done;          // Out: ops that succeeded; == op_count on success.
  uint32_t reserved;      // 0
};
static_assert(sizeof(SyscallProgram) == 24);

}  // namespace tardigrade::protocol

#endif  // PROTOCOLS_SYSCALL_PROGRAM_H_
