#include "supervisor/tracee/arch/x86_64/signal_frame.h"

#include <cpuid.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace tardigrade::arch {
namespace {

// The kernel's layout: arch/x86/include/uapi/asm/{sigcontext,ucontext}.h.
struct KernelSigcontext {
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags;
  uint16_t cs, gs, fs, ss;
  uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
};
struct KernelUcontext {
  uint64_t flags, link;
  uint64_t stack_sp;
  int32_t stack_flags, pad;
  uint64_t stack_size;
  KernelSigcontext registers;
  uint64_t mask;
};
static_assert(offsetof(KernelUcontext, registers) == 40 && offsetof(KernelUcontext, mask) == 296);
struct SoftwareReserved {
  uint32_t magic1, extended_bytes;
  uint64_t features;
  uint32_t state_bytes, pad[7];
};
static_assert(sizeof(SoftwareReserved) == 48);

constexpr uint64_t kUcFpXstate = 1, kUcSigcontextSs = 2, kUcStrictRestoreSs = 4;
constexpr uint32_t kMagic1 = 0x46505853, kMagic2 = 0x46505845;
// Offsets in the XSAVE area.
constexpr size_t kSoftwareReservedAt = 464, kXstateBvAt = 512, kXcompBvAt = 520, kHeaderEnd = 576;
constexpr uint64_t kAmxFeatures = uint64_t{3} << 17, kAmxTileData = uint64_t{1} << 18;

uint64_t Load(std::span<const std::byte> bytes, size_t at) {
  uint64_t value;
  std::memcpy(&value, &bytes[at], sizeof value);
  return value;
}

// The features that the frame carries.  A process must have asked for AMX before its frames may
// hold tiles; one that has tile data in use has.
uint64_t FrameFeatures(std::span<const std::byte> state) {
  uint64_t features = Load(state, kSoftwareReservedAt);  // XCR0.
  if ((Load(state, kXstateBvAt) & kAmxTileData) == 0) features &= ~kAmxFeatures;
  return features;
}

constexpr unsigned kFeatures = 63;

// Where each feature ends in the standard-format XSAVE area; 0 for one that is not in it.
// A hypervisor makes cpuid slow: it is asked once.
const std::array<size_t, kFeatures>& FeatureEnds() {
  static const std::array<size_t, kFeatures> ends = [] {
    std::array<size_t, kFeatures> found = {};
    for (unsigned feature = 2; feature < kFeatures; ++feature) {
      unsigned size = 0, offset = 0, flags = 0, unused = 0;
      __cpuid_count(0xd, feature, size, offset, flags, unused);
      if ((flags & 1) == 0) found[feature] = size + offset;  // Not a supervisor state.
    }
    return found;
  }();
  return ends;
}

// End of the standard-format XSAVE area that holds `features`.
size_t StateBytes(uint64_t features) {
  size_t end = kHeaderEnd;
  for (unsigned feature = 2; feature < kFeatures; ++feature) {
    if ((features >> feature & 1) != 0) end = std::max(end, FeatureEnds()[feature]);
  }
  return end;
}

KernelUcontext MakeUcontext(const SignalFrameContents& contents, uint64_t fpstate) {
  const Registers& r = contents.registers;
  KernelUcontext uc = {};
  uc.flags = kUcFpXstate | kUcSigcontextSs | kUcStrictRestoreSs;
  uc.stack_flags = 0x7777;  // Invalid: the kernel then keeps the alternate stack as it is.
  uc.registers = {.r8 = r.r8,
                  .r9 = r.r9,
                  .r10 = r.r10,
                  .r11 = r.r11,
                  .r12 = r.r12,
                  .r13 = r.r13,
                  .r14 = r.r14,
                  .r15 = r.r15,
                  .di = r.rdi,
                  .si = r.rsi,
                  .bp = r.rbp,
                  .bx = r.rbx,
                  .dx = r.rdx,
                  .ax = r.rax,
                  .cx = r.rcx,
                  .sp = r.rsp,
                  .ip = r.rip,
                  .flags = r.eflags,
                  .cs = static_cast<uint16_t>(r.cs),
                  .gs = 0,
                  .fs = 0,
                  .ss = static_cast<uint16_t>(r.ss),
                  .err = 0,
                  .trapno = 0,
                  .oldmask = 0,
                  .cr2 = 0,
                  .fpstate = fpstate,
                  .reserved = {}};
  uc.mask = contents.signal_mask;
  return uc;
}

void WriteState(std::span<const std::byte> state, uint64_t features, std::byte* to) {
  const size_t size = StateBytes(features);
  std::memcpy(to, state.data(), size);
  const uint64_t in_use = Load(state, kXstateBvAt) & features;
  std::memcpy(to + kXstateBvAt, &in_use, sizeof in_use);
  std::memset(to + kXcompBvAt, 0, kHeaderEnd - kXcompBvAt);
  SoftwareReserved software = {};
  software.magic1 = kMagic1;
  software.extended_bytes = static_cast<uint32_t>(size + sizeof kMagic2);
  software.features = features;
  software.state_bytes = static_cast<uint32_t>(size);
  std::memcpy(to + kSoftwareReservedAt, &software, sizeof software);
  std::memcpy(to + size, &kMagic2, sizeof kMagic2);
}

}  // namespace

size_t SignalFrameBytes(std::span<const std::byte> extended_state) {
  if (extended_state.size() < kHeaderEnd) return 0;
  return kMaxReturnChain * sizeof(uint64_t) + sizeof(KernelUcontext) +
         StateBytes(FrameFeatures(extended_state)) + sizeof kMagic2 + 16 + 64;
}

Result<SignalFramePlace> BuildSignalFrame(const SignalFrameContents& contents,
                                          std::span<const uint64_t> return_chain, uint64_t address,
                                          std::span<std::byte> memory) {
  const std::span<const std::byte> state = contents.extended_state;
  if (state.size() < kHeaderEnd || state.size() < StateBytes(FrameFeatures(state)))
    return Error(ErrorCode::kInternal,
                 StrCat("extended state of ", state.size(), " bytes is too short"));
  if (memory.size() < SignalFrameBytes(state) || return_chain.size() > kMaxReturnChain)
    return Error(ErrorCode::kInternal, "no room for a signal frame");
  SignalFramePlace place;
  place.ucontext = (address + return_chain.size_bytes() + 15) & ~uint64_t{15};
  place.return_slot = place.ucontext - return_chain.size_bytes();
  const uint64_t registers = place.ucontext + offsetof(KernelUcontext, registers);
  place.result_at = registers + offsetof(KernelSigcontext, ax);
  place.resume_at = registers + offsetof(KernelSigcontext, ip);
  const uint64_t fpstate = (place.ucontext + sizeof(KernelUcontext) + 63) & ~uint64_t{63};
  const KernelUcontext uc = MakeUcontext(contents, fpstate);
  if (!return_chain.empty())
    std::memcpy(&memory[place.return_slot - address], return_chain.data(),
                return_chain.size_bytes());
  std::memcpy(&memory[place.ucontext - address], &uc, sizeof uc);
  WriteState(state, FrameFeatures(state), &memory[fpstate - address]);
  return place;
}

}  // namespace tardigrade::arch
