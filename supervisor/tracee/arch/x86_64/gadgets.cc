#include "supervisor/tracee/arch/x86_64/gadgets.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "supervisor/tracee/remote_memory.h"

namespace tardigrade::arch {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSyscall = "\x0f\x05"sv;
constexpr std::string_view kSyscallReturn = "\x0f\x05\xc3"sv;
// With a sign-extended 64-bit and with a 32-bit immediate.
constexpr std::string_view kSigreturn64 = "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"sv;
constexpr std::string_view kSigreturn32 = "\xb8\x0f\x00\x00\x00\x0f\x05"sv;

constexpr std::string_view kPopNumber = "\x58\xc3"sv;
constexpr uint64_t kSigreturnNumber = 15;  // __NR_rt_sigreturn

constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kOverlapBytes = 16;  // So that none is missed at the seam of two pieces.

void Find(std::string_view code, uint64_t address, std::string_view pattern, uint64_t& found) {
  if (found != 0) return;
  const size_t at = code.find(pattern);
  if (at != std::string_view::npos) found = address + at;
}

// Text that can be unmapped or rewritten while the process is frozen does not exist, but anonymous
// executable memory (a JIT's) may be behind a protection key: files and the vDSO only.
bool IsText(const MemoryMapping& mapping) {
  return (mapping.prot & (PROT_READ | PROT_EXEC)) == (PROT_READ | PROT_EXEC) && !mapping.shared &&
         (mapping.inode != 0 || mapping.path == "[vdso]");
}

// What stands at `address` now; nothing unless that is text.
Gadgets GadgetsAt(pid_t pid, const std::vector<MemoryMapping>& maps, uint64_t address) {
  Gadgets gadgets;
  for (const MemoryMapping& mapping : maps) {
    if (address < mapping.start || address >= mapping.end || !IsText(mapping)) continue;
    std::array<std::byte, kOverlapBytes> bytes;
    const std::span<std::byte> part =
        std::span(bytes).first(std::min<uint64_t>(bytes.size(), mapping.end - address));
    if (ReadTraceeMemory(pid, address, part).has_value()) FindGadgetsIn(part, address, gadgets);
  }
  return gadgets;
}

bool StillHolds(pid_t pid, const std::vector<MemoryMapping>& maps, const Gadgets& hint) {
  return hint.complete() && GadgetsAt(pid, maps, hint.syscall).syscall == hint.syscall &&
         GadgetsAt(pid, maps, hint.syscall_return).syscall_return == hint.syscall_return &&
         GadgetsAt(pid, maps, hint.sigreturn).sigreturn == hint.sigreturn &&
         GadgetsAt(pid, maps, hint.pop_number).pop_number == hint.pop_number;
}

}  // namespace

std::string Gadgets::Missing() const {
  std::string missing;
  const auto add = [&missing](uint64_t address, const char* name) {
    if (address == 0) missing += missing.empty() ? name : StrCat(", ", name);
  };
  add(syscall_return, "\"syscall; ret\"");
  if (pop_number == 0) add(sigreturn, "\"mov $15, %eax; syscall\" and \"pop %rax; ret\"");
  return missing;
}

std::vector<uint64_t> Gadgets::SigreturnChain() const {
  if (sigreturn != 0) return {sigreturn};
  return {pop_number, kSigreturnNumber, syscall_return};
}

void FindGadgetsIn(std::span<const std::byte> code, uint64_t address, Gadgets& gadgets) {
  const std::string_view text(reinterpret_cast<const char*>(code.data()), code.size());
  Find(text, address, kSyscall, gadgets.syscall);
  Find(text, address, kSyscallReturn, gadgets.syscall_return);
  Find(text, address, kSigreturn64, gadgets.sigreturn);
  Find(text, address, kSigreturn32, gadgets.sigreturn);
  Find(text, address, kPopNumber, gadgets.pop_number);
}

Result<Gadgets> FindGadgets(pid_t pid, const std::vector<MemoryMapping>& maps,
                            const Gadgets& hint) {
  if (StillHolds(pid, maps, hint)) return hint;
  Gadgets gadgets;
  std::vector<std::byte> piece(kPieceBytes);
  for (const MemoryMapping& mapping : maps) {
    if (!IsText(mapping)) continue;
    for (uint64_t at = mapping.start; at < mapping.end && !gadgets.complete();
         at += kPieceBytes - kOverlapBytes) {
      const std::span<std::byte> part =
          std::span(piece).first(std::min<uint64_t>(kPieceBytes, mapping.end - at));
      const Status read = ReadTraceeMemory(pid, at, part);
      if (!read.has_value() && read.error().code() == ErrorCode::kTraceeGone) return read.error();
      if (!read.has_value()) break;  // Beyond the end of a truncated file.
      FindGadgetsIn(part, at, gadgets);
    }
  }
  return gadgets;
}

Gadgets GadgetCache::HintFor(const std::vector<MemoryMapping>& maps) const {
  for (const Spots& spots : known_) {
    Gadgets hint;
    const std::array<uint64_t*, 4> places = {&hint.syscall, &hint.syscall_return, &hint.sigreturn, &hint.pop_number};
    for (size_t i = 0; i < spots.size(); ++i) {
      for (const MemoryMapping& m : maps) {
        if (spots[i].path.empty() || !IsText(m) || m.path != spots[i].path || m.dev != spots[i].dev || m.inode != spots[i].inode) continue;
        if (spots[i].offset >= m.offset && spots[i].offset - m.offset < m.size_bytes())
          *places[i] = m.start + (spots[i].offset - m.offset);
      }
    }
    // The first one was in a file that is not here, but this one begins the same.
    if (hint.syscall == 0) hint.syscall = hint.syscall_return;
    if (hint.complete()) return hint;
  }
  return {};
}

void GadgetCache::Learn(const std::vector<MemoryMapping>& maps, const Gadgets& gadgets) {
  const std::array<uint64_t, 4> addresses = {gadgets.syscall, gadgets.syscall_return, gadgets.sigreturn, gadgets.pop_number};
  Spots spots;
  for (size_t i = 0; i < addresses.size(); ++i) {
    for (const MemoryMapping& m : maps) {
      if (addresses[i] >= m.start && addresses[i] < m.end && !m.path.empty())
        spots[i] = {.path = m.path, .dev = m.dev, .inode = m.inode, .offset = m.offset + (addresses[i] - m.start)};
    }
  }
  if (gadgets.complete() && std::find(known_.begin(), known_.end(), spots) == known_.end()) known_.push_back(spots);
}

}  // namespace tardigrade::arch
