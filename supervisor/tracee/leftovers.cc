#include "supervisor/tracee/leftovers.h"

#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "protocols/parasite_segment.h"
#include "supervisor/kernel/read_maps.h"
#include "supervisor/tracee/arch/x86_64/injected_call.h"
#include "supervisor/tracee/arch/x86_64/restarted_call.h"
#include "supervisor/tracee/dead_stack.h"
#include "supervisor/tracee/remote_call.h"
#include "supervisor/tracee/remote_memory.h"
#include "supervisor/tracee/shared_segment.h"
#include "supervisor/tracee/visit_plan.h"

namespace tardigrade {
namespace {

constexpr uint64_t kPageBytes = 4096;

bool HasMagic(pid_t pid, uint64_t base) {
  const auto magic = ReadTraceeObject<uint64_t>(
      pid, base + protocol::kParasiteHeaderOffset + offsetof(protocol::ParasiteHeader, magic));
  return magic.has_value() && magic.value() == protocol::kParasiteMagic;
}

// Of a visit to another process that has the same memory (CLONE_VM), and may be within it still.
bool IsNeighbours(pid_t pid, uint64_t base) {
  const auto tracee = ReadTraceeObject<int32_t>(
      pid, base + protocol::kParasiteHeaderOffset + offsetof(protocol::ParasiteHeader, tracee));
  return tracee.has_value() && tracee.value() > 0 && tracee.value() != pid &&
         syscall(SYS_kcmp, pid, tracee.value(), KCMP_VM, 0, 0) == 0;
}

// The kernel names the mapping by the key it was made with (ipc/shm.c, newseg()).
bool IsLeftSegment(pid_t pid, const MemoryMapping& mapping) {
  constexpr std::string_view kPrefix = "/SYSV";
  if (!mapping.shared || mapping.prot != (PROT_READ | PROT_WRITE | PROT_EXEC) ||
      !mapping.path.starts_with(kPrefix))
    return false;
  const std::string_view digits = std::string_view(mapping.path).substr(kPrefix.size());
  uint32_t key = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), key, 16);
  return parsed.ptr == digits.data() + digits.size() &&
         (key & kVisitKeyPrefixMask) == kVisitKeyPrefix &&
         mapping.size_bytes() > protocol::kParasiteSlotsOffset && HasMagic(pid, mapping.start) && !IsNeighbours(pid, mapping.start);
}

// Any word in the used part of the stack that points into `segment`: the address where the thread
// enters it, or what a handler that came on the way home returns to.
bool StackLeadsInto(pid_t pid, uint64_t stack_pointer, const MemoryMapping& stack,
                    const MemoryMapping& segment) {
  constexpr uint64_t kLongest = 8 << 20, kPiece = 256 << 10;
  std::vector<uint64_t> words;
  const uint64_t end = std::min(stack.end, stack_pointer + kLongest);
  for (uint64_t at = stack_pointer & ~uint64_t{7}; at < end; at += kPiece) {
    words.resize(std::min(kPiece, end - at) / sizeof(uint64_t));
    if (!ReadTraceeMemory(pid, at, std::as_writable_bytes(std::span(words))).has_value())
      return false;
    for (const uint64_t word : words) {
      if (word >= segment.start && word < segment.end) return true;
    }
  }
  return false;
}

// Sent to attach a segment, but not there yet.
bool IsAboutToAttach(pid_t pid, const arch::Registers& registers) {
  if (!arch::IsCall(registers, SYS_shmat, SHM_EXEC) ||
      !arch::IsAtSyscallInstruction(pid, arch::ProgramCounter(registers)))
    return false;
  const auto returns_to = ReadTraceeObject<uint64_t>(pid, arch::StackPointer(registers));
  return returns_to.has_value() && returns_to.value() == arch::CallArguments(registers)[1];
}

bool IsAway(pid_t pid, const FrozenThread& thread, std::span<const MemoryMapping> segments,
            const std::vector<MemoryMapping>& maps) {
  const uint64_t at = arch::ProgramCounter(thread.registers);
  // The parasite is shorter than a page.
  if (HasMagic(pid, at & ~(kPageBytes - 1))) return true;
  if (IsOnDeadStack(pid, thread) || IsAboutToAttach(pid, thread.registers)) return true;
  const uint64_t stack_pointer = arch::StackPointer(thread.registers);
  const auto stack = std::find_if(maps.begin(), maps.end(), [&](const MemoryMapping& m) {
    return stack_pointer >= m.start && stack_pointer < m.end;
  });
  if (stack == maps.end()) return false;
  return std::any_of(segments.begin(), segments.end(), [&](const MemoryMapping& segment) {
    return StackLeadsInto(pid, stack_pointer, *stack, segment);
  });
}

}  // namespace

std::vector<MemoryMapping> FindLeftSegments(pid_t pid, const std::vector<MemoryMapping>& maps) {
  std::vector<MemoryMapping> left;
  std::copy_if(maps.begin(), maps.end(), std::back_inserter(left), [pid](const MemoryMapping& m) { return IsLeftSegment(pid, m); });
  return left;
}

std::optional<pid_t> FindAwayThread(pid_t pid, std::span<const FrozenThread> threads,
                                    std::span<const MemoryMapping> segments) {
  std::vector<MemoryMapping> maps;
  if (!segments.empty()) {
    Result<std::vector<MemoryMapping>> read = ReadMaps(pid);
    if (read.has_value()) maps = std::move(read).value();
  }
  for (const FrozenThread& thread : threads) {
    if (IsAway(pid, thread, segments, maps)) return thread.tid;
  }
  return {};
}

Status DetachSegments(pid_t pid, std::span<const FrozenThread> threads,
                      std::span<const MemoryMapping> segments, const FreezeOptions& options) {
  if (segments.empty()) return Ok();
  ASSIGN_OR_RETURN(const std::vector<MemoryMapping> maps, ReadMaps(pid));
  ASSIGN_OR_RETURN(const std::vector<TraceeStatus> statuses, ReadStatuses(pid, threads));
  ASSIGN_OR_RETURN(const VisitPlan plan, PlanVisit(pid, threads, statuses, maps, /*gadgets_before=*/{},
                                                   CallsOfVisit({}), options.allow_fragile));
  for (const MemoryMapping& segment : segments) {
    ASSIGN_OR_RETURN(const int64_t result, RemoteCall(pid, threads[plan.guide], plan, SYS_shmdt,
                                                      {segment.start, 0, 0}, options.deadline));
    if (result != 0) return Error::Syscall(ErrorCode::kRemote, static_cast<int>(-result), "shmdt");
  }
  return Ok();
}

}  // namespace tardigrade
