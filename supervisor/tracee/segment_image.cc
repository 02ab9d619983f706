#include "supervisor/tracee/segment_image.h"

#include <unistd.h>

#include <cstring>

#include "supervisor/tracee/arch/x86_64/signal_frame.h"

extern "C" const unsigned char parasite_begin[], parasite_end[];

namespace tardigrade {
namespace {

using protocol::ParasiteHeader;
using protocol::ParasiteSlot;

constexpr size_t kStackBytes = 2048;  // The interpreter uses some 200; no handler runs on it.
constexpr size_t kAlign = 64;

size_t RoundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }

}  // namespace

SegmentImage::SegmentImage(std::span<const FrozenThread> threads,
                           std::span<const arch::WayHome> ways_home,
                           std::span<const std::vector<uint64_t>> programs)
    : threads_(threads), ways_home_(ways_home), programs_(programs) {
  size_t at = protocol::kParasiteSlotsOffset;
  for (size_t i = 0; i < threads.size(); ++i) {
    Place place;
    place.slot = at;
    place.stack_top = place.slot + sizeof(ParasiteSlot) + kStackBytes;
    place.frame = place.stack_top;
    place.program =
        place.frame + RoundUp(arch::SignalFrameBytes(threads[i].extended_state), kAlign);
    place.end = place.program + programs[i].size() * sizeof(uint64_t);
    places_.push_back(place);
    at = RoundUp(place.end, kAlign);
  }
  size_bytes_ = RoundUp(at, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

Status SegmentImage::Fill(uint64_t base, std::span<std::byte> memory) const {
  const size_t parasite_bytes = static_cast<size_t>(parasite_end - parasite_begin);
  if (parasite_bytes > protocol::kParasiteHeaderOffset || memory.size() < size_bytes_)
    return Error(ErrorCode::kInternal, "the parasite does not fit its segment");
  std::memcpy(memory.data(), parasite_begin, parasite_bytes);
  Header(memory)->segment_id = -1;
  Header(memory)->magic = protocol::kParasiteMagic;
  for (size_t i = 0; i < places_.size(); ++i)
    RETURN_IF_ERROR(FillSlot(i, base, memory), "laying out the slot of thread ", threads_[i].tid);
  return Ok();
}

Status SegmentImage::FillSlot(size_t thread, uint64_t base, std::span<std::byte> memory) const {
  const Place& place = places_[thread];
  const arch::WayHome& way = ways_home_[thread];
  const arch::SignalFrameContents contents = {.registers = way.registers,
                                              .extended_state = threads_[thread].extended_state,
                                              .signal_mask = threads_[thread].signal_mask};
  ASSIGN_OR_RETURN(
      const arch::SignalFramePlace frame,
      arch::BuildSignalFrame(contents, {}, base + place.frame,
                             memory.subspan(place.frame, place.program - place.frame)));
  ParasiteSlot& slot = *Slot(memory, thread);
  slot = {};
  slot.interrupts = way.interrupts;
  slot.keep_restart_block = way.keep_restart_block;
  slot.header = base + protocol::kParasiteHeaderOffset;
  slot.all_signals = ~uint64_t{0};
  slot.stack_top = base + place.stack_top;
  slot.home_stack = arch::BelowRedZone(threads_[thread].registers);
  slot.frame = frame.ucontext;
  slot.result_at = frame.result_at;
  slot.resume_at = frame.resume_at;
  slot.after_call = way.after_call;
  if (!programs_[thread].empty()) {
    slot.program = base + place.program;
    std::memcpy(&memory[place.program], programs_[thread].data(), place.end - place.program);
  }
  return Ok();
}

ParasiteHeader* SegmentImage::Header(std::span<std::byte> memory) {
  return reinterpret_cast<ParasiteHeader*>(&memory[protocol::kParasiteHeaderOffset]);
}

ParasiteSlot* SegmentImage::Slot(std::span<std::byte> memory, size_t thread) const {
  return reinterpret_cast<ParasiteSlot*>(&memory[places_[thread].slot]);
}

std::span<const std::byte> SegmentImage::Program(std::span<std::byte> memory, size_t thread) const {
  const Place& place = places_[thread];
  return memory.subspan(place.program, place.end - place.program);
}

}  // namespace tardigrade
