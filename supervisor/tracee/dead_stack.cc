#include "supervisor/tracee/dead_stack.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "supervisor/tracee/arch/x86_64/way_home.h"
#include "supervisor/tracee/remote_memory.h"

namespace tardigrade {
namespace {

// Below the frame, for a handler that runs on it should the supervisor die.
constexpr uint64_t kBelowFrameBytes = 32 << 10;
constexpr uint64_t kAboveFrameBytes = 4 << 10;  // Between the frame and the stack in use.
// Between a stack pointer and the end of its stack, where that has been used: more than a signal
// handler and what it calls leave live below the stack pointer, for any reason.
constexpr uint64_t kFarBelowBytes = 64 << 10;
// The control block and what C libraries put above it.
constexpr uint64_t kControlBlockBytes = 8 << 10;

bool IsMarked(std::span<const std::byte> bytes) {
  return std::memcmp(bytes.data(), kDeadStackMark.data(), kDeadStackMark.size()) == 0;
}

// The lowest stack pointer in the mapping.
std::optional<uint64_t> Depth(std::span<const uint64_t> stack_pointers,
                              const MemoryMapping& mapping) {
  std::optional<uint64_t> lowest;
  for (const uint64_t top : stack_pointers) {
    if (top < mapping.start || top >= mapping.end) continue;
    lowest = std::min(top, lowest.value_or(top));
  }
  return lowest;
}

bool HasControlBlockAtTop(std::span<const FrozenThread> threads, const MemoryMapping& mapping) {
  const auto owns = [&mapping](const FrozenThread& thread) {
    const uint64_t stack = arch::StackPointer(thread.registers);
    const uint64_t block = arch::ThreadPointer(thread.registers);
    return stack >= mapping.start && stack < block && block < mapping.end &&
           mapping.end - block <= kControlBlockBytes;
  };
  return std::any_of(threads.begin(), threads.end(), owns);
}

bool IsThreadStack(std::span<const FrozenThread> threads, const std::vector<MemoryMapping>& maps,
                   size_t index) {
  const MemoryMapping& mapping = maps[index];
  const bool plain =
      mapping.prot == (PROT_READ | PROT_WRITE) && !mapping.shared && mapping.inode == 0;
  const bool guarded =
      index > 0 && maps[index - 1].end == mapping.start && maps[index - 1].prot == PROT_NONE;
  return plain && guarded && HasControlBlockAtTop(threads, mapping);
}

// Empty if it cannot be read.
DeadStack At(pid_t pid, const MemoryMapping& mapping, size_t bytes) {
  DeadStack dead = {.start = mapping.start + kBelowFrameBytes,
                    .contents = std::vector<std::byte>(bytes)};
  if (dead.start + bytes > mapping.end ||
      !ReadTraceeMemory(pid, dead.start, dead.contents).has_value())
    return {};
  // Left by a supervisor that was killed before it could put back what was there.
  if (IsMarked(dead.contents)) std::fill(dead.contents.begin(), dead.contents.end(), std::byte{0});
  return dead;
}

DeadStack Untouched(pid_t pid, std::span<const uint64_t> stack_pointers,
                    const MemoryMapping& mapping, size_t bytes) {
  const uint64_t limit = Depth(stack_pointers, mapping).value_or(mapping.end);
  DeadStack dead = At(pid, mapping, bytes);
  const bool zero = std::all_of(dead.contents.begin(), dead.contents.end(),
                                [](std::byte b) { return b == std::byte{0}; });
  if (dead.start == 0 || !zero || dead.start + bytes + kAboveFrameBytes > limit) return {};
  return dead;
}

DeadStack FarBelow(pid_t pid, std::span<const uint64_t> stack_pointers,
                   const MemoryMapping& mapping, size_t bytes) {
  const std::optional<uint64_t> depth = Depth(stack_pointers, mapping);
  if (!depth || *depth - mapping.start < kFarBelowBytes + bytes) return {};
  return At(pid, mapping, bytes);
}

}  // namespace

DeadStack FindDeadStack(pid_t pid, std::span<const FrozenThread> threads,
                        const std::vector<MemoryMapping>& maps, size_t bytes,
                        std::span<const uint64_t> neighbours) {
  std::vector<uint64_t> stack_pointers(neighbours.begin(), neighbours.end());
  for (const FrozenThread& thread : threads)
    stack_pointers.push_back(arch::StackPointer(thread.registers));
  for (const auto find : {Untouched, FarBelow}) {
    for (const MemoryMapping& mapping : maps) {
      if (mapping.path != "[stack]") continue;
      DeadStack dead = find(pid, stack_pointers, mapping, bytes);
      if (dead.start != 0) return dead;
    }
  }
  for (size_t i = 0; i < maps.size(); ++i) {
    if (!IsThreadStack(threads, maps, i)) continue;
    DeadStack dead = FarBelow(pid, stack_pointers, maps[i], bytes);
    if (dead.start != 0) return dead;
  }
  return {};
}

bool IsOnDeadStack(pid_t pid, const FrozenThread& thread) {
  // The mark, the return slot (8 bytes, where a return from the injected call looks), the ucontext.
  constexpr uint64_t kAlign = 16, kWindow = 48;
  const uint64_t top = arch::StackPointer(thread.registers) & ~(kAlign - 1);
  std::array<std::byte, kWindow> below;
  if (top < kWindow || !ReadTraceeMemory(pid, top - kWindow, below).has_value()) return false;
  for (size_t at = 0; at < kWindow; at += kAlign) {
    if (IsMarked(std::span(below).subspan(at))) return true;
  }
  return false;
}

}  // namespace tardigrade
