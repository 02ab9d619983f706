#include "supervisor/restore/segment.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

extern "C" const unsigned char restorer_blob_begin[], restorer_blob_end[];

namespace tardigrade {
namespace {

using protocol::RestorerHeader;
using protocol::RestorerProgram;
using protocol::RestorerSlot;
using protocol::RestorerState;
using protocol::SyscallOp;
using protocol::SyscallProgram;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kStackBytes = 8192;
constexpr uint64_t kBorrowedSyscall = 2;  // restorer/restorer.cc, _start.
// vm.mmap_min_addr is at most this on every distribution, and nothing sensible lies below.
constexpr uint64_t kLowestAddress = 0x20000;
constexpr uint64_t kHighestAddress = 0x7fff'ffff'0000;
// Kept free around what may still grow: this process's heap and stack, the job's stack.
constexpr uint64_t kMargin = 16 << 20;

uint64_t PageUp(uint64_t bytes) { return (bytes + kPage - 1) & ~(kPage - 1); }
uint64_t BlobBytes() { return PageUp(static_cast<uint64_t>(restorer_blob_end - restorer_blob_begin)); }
uint64_t HeaderBytes(size_t threads) { return PageUp(sizeof(RestorerHeader) + threads * sizeof(RestorerSlot)); }

Status MapShared(const Segment::Place& place) {
  void* const mapped = mmap(reinterpret_cast<void*>(place.start), place.size, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (mapped == MAP_FAILED) return Error::Errno("mapping the restorer at ", Hex(place.start));
  return Ok();
}

RestorerHeader* HeaderAt(const Segment::Place& place) { return reinterpret_cast<RestorerHeader*>(place.start + BlobBytes()); }

uint64_t CompiledBytes(const SyscallPlan& plan) { return plan.empty() ? 0 : plan.CompiledSize(); }

}  // namespace

uint64_t PayloadBytes(std::span<const ThreadPlans> plans) {
  uint64_t total = 0;
  for (const ThreadPlans& p : plans) {
    for (const SyscallPlan* plan : {&p.memory, &p.process, &p.limits, &p.thread, &p.seccomp, &p.replay}) total += CompiledBytes(*plan);
  }
  return total;
}

Result<Segment::Place> Segment::ChoosePlace(std::span<const MemoryMapping> here, std::span<const MemoryMapping> there,
                                            size_t threads, uint64_t payload_bytes, std::span<const Place> others) {
  Place place;
  place.size = PageUp(BlobBytes() + HeaderBytes(threads) + PageUp(payload_bytes) + (threads + 1) * kStackBytes +
                      protocol::kMaxFillHelpers * protocol::kFillStackBytes + kParkingBytes);
  std::vector<std::pair<uint64_t, uint64_t>> taken;
  for (const auto mappings : {here, there}) {
    for (const MemoryMapping& m : mappings)
      taken.emplace_back(m.start > kMargin ? m.start - kMargin : 0, m.end + kMargin);
  }
  for (const Place& other : others) taken.emplace_back(other.start, other.start + other.size);
  std::sort(taken.begin(), taken.end());
  uint64_t at = kLowestAddress;
  for (const auto& [start, end] : taken) {
    if (start >= at && start - at >= place.size) break;
    at = std::max(at, PageUp(end));
  }
  if (at + place.size > kHighestAddress)
    return Error::Syscall(ErrorCode::kSystem, ENOMEM, "looking for a hole in both address spaces for the restorer");
  place.start = at;
  place.parking = at + place.size - kParkingBytes;
  return place;
}

RestorerHeader* Segment::header() const { return HeaderAt(place_); }

std::vector<Segment::Place> Segment::ToUnmap() const {
  std::vector<Place> places = links_.foreign;
  places.push_back(place_);
  return places;
}

RestorerSlot& Segment::slot(size_t thread) { return reinterpret_cast<RestorerSlot*>(header()->slots)[thread]; }

uint64_t Segment::Write(const SyscallPlan& plan, uint64_t& cursor) {
  if (plan.empty()) return 0;
  const std::vector<uint64_t> program = plan.Compile();
  const uint64_t at = cursor;
  std::memcpy(reinterpret_cast<void*>(at), program.data(), program.size() * 8);
  cursor += program.size() * 8;
  return at;
}

Result<std::unique_ptr<Segment>> Segment::Create(const Place& place, std::span<const ThreadPlans> plans) {
  RETURN_IF_ERROR(MapShared(place));
  std::unique_ptr<Segment> segment(new Segment(place, plans, /*owns_memory=*/true));
  segment->Fill();
  return segment;
}

std::unique_ptr<Segment> Segment::CreateIn(const Place& place, std::span<const ThreadPlans> plans, Links links) {
  std::unique_ptr<Segment> segment(new Segment(place, plans, /*owns_memory=*/false));
  segment->links_ = std::move(links);
  segment->Fill();
  return segment;
}

void Segment::Fill() {
  const std::span<const ThreadPlans> plans = plans_;
  const Place& place = place_;
  std::memcpy(reinterpret_cast<void*>(place.start), restorer_blob_begin,
              static_cast<size_t>(restorer_blob_end - restorer_blob_begin));
  RestorerHeader* header = this->header();
  *header = {.magic = protocol::kRestorerMagic,
             .version = protocol::kRestorerVersion,
             .thread_count = static_cast<uint32_t>(plans.size()),
             .parked = 0,
             .never = 0,
             .syscall_insn = kBorrowedSyscall,
             .slots = reinterpret_cast<uint64_t>(header + 1),
             .install_seccomp = 0,
             .fill_begin = static_cast<uint32_t>(plans[0].fill_begin),
             .fill_end = static_cast<uint32_t>(plans[0].fill_end),
             .fill_next = static_cast<uint32_t>(plans[0].fill_begin),
             .fill_failed = 0,
             .fill_failure = 0,
             .fill_helpers = static_cast<uint32_t>(plans[0].fill_tids.size()),
             .fill_tids = {},
             .fill_stacks = place.parking,
             .memory_at = 0,
             .table_at = 0,
             .table_parked = links_.table_parked,
             .memory_made = 0};
  if (links_.memory != nullptr) header->memory_at = reinterpret_cast<uint64_t>(&HeaderAt(*links_.memory)->memory_made);
  if (links_.table != nullptr) header->table_at = reinterpret_cast<uint64_t>(&HeaderAt(*links_.table)->parked);
  std::copy(plans[0].fill_tids.begin(), plans[0].fill_tids.end(), header->fill_tids);
  const uint64_t stacks = place.parking - protocol::kMaxFillHelpers * protocol::kFillStackBytes;
  uint64_t cursor = reinterpret_cast<uint64_t>(header) + HeaderBytes(plans.size());
  for (size_t i = 0; i < plans.size(); ++i) {
    const ThreadPlans& p = plans[i];
    RestorerSlot& slot = this->slot(i);
    slot.tid = p.tid;
    slot.program[static_cast<int>(RestorerProgram::kMemory)] = Write(p.memory, cursor);
    slot.program[static_cast<int>(RestorerProgram::kProcess)] = Write(p.process, cursor);
    slot.program[static_cast<int>(RestorerProgram::kLimits)] = Write(p.limits, cursor);
    slot.program[static_cast<int>(RestorerProgram::kThread)] = Write(p.thread, cursor);
    slot.program[static_cast<int>(RestorerProgram::kSeccomp)] = Write(p.seccomp, cursor);
    slot.replay = Write(p.replay, cursor);
    slot.stack_top = stacks - i * kStackBytes;
  }
}

Segment::~Segment() {
  if (owns_memory_) munmap(reinterpret_cast<void*>(place_.start), place_.size);
}

Status SegmentSpace::Map(std::span<const Segment::Place> places) {
  std::vector<Segment::Place> runs;
  for (const Segment::Place& place : places) {
    if (!runs.empty() && runs.back().start + runs.back().size == place.start) {
      runs.back().size += place.size;
    } else {
      runs.push_back(place);
    }
  }
  for (const Segment::Place& run : runs) {
    RETURN_IF_ERROR(MapShared(run));
    runs_.push_back(run);
  }
  return Ok();
}

SegmentSpace::~SegmentSpace() {
  for (const Segment::Place& run : runs_) munmap(reinterpret_cast<void*>(run.start), run.size);
}

const uint32_t* Segment::parked_word() const { return &header()->parked; }

uint32_t Segment::parked() const { return __atomic_load_n(&header()->parked, __ATOMIC_ACQUIRE); }

void Segment::WaitParked(uint32_t seen, int timeout_ms) const {
  const timespec timeout{.tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1'000'000L};
  syscall(SYS_futex, &header()->parked, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

void Segment::InstallSeccomp() {
  __atomic_store_n(&header()->install_seccomp, 1, __ATOMIC_RELEASE);
  syscall(SYS_futex, &header()->install_seccomp, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

Error Segment::FailureOf(size_t thread) {
  const RestorerSlot& failed = slot(thread);
  const int error = -failed.failure;
  const std::string who = StrCat("thread ", plans_[thread].tid);
  const auto which = static_cast<RestorerProgram>(failed.failed_program);
  const SyscallPlan* plan = nullptr;
  switch (which) {
    case RestorerProgram::kMemory: plan = &plans_[thread].memory; break;
    case RestorerProgram::kProcess: plan = &plans_[thread].process; break;
    case RestorerProgram::kLimits: plan = &plans_[thread].limits; break;
    case RestorerProgram::kThread: plan = &plans_[thread].thread; break;
    case RestorerProgram::kSeccomp: plan = &plans_[thread].seccomp; break;
    case RestorerProgram::kSpawn: return Error::Syscall(ErrorCode::kRemote, error, StrCat("making ", who));
  }
  if (plan == nullptr || failed.failed_program > 4) return Error(ErrorCode::kInternal, StrCat(who, " failed in no program"));
  const auto* program = reinterpret_cast<const SyscallProgram*>(failed.program[failed.failed_program]);
  if (program->done >= plan->size()) return Error::Syscall(ErrorCode::kRemote, error, who);
  if (error == ERANGE) {
    const int64_t result = reinterpret_cast<const SyscallOp*>(program + 1)[program->done].result;
    return Error(ErrorCode::kRemote, StrCat(who, ": ", plan->label(program->done), ": the kernel returned ", result,
                                            ", which is not what was asked for"));
  }
  return Error::Syscall(error == EPERM ? ErrorCode::kDenied : ErrorCode::kRemote, error,
                        StrCat(who, ": ", plan->label(program->done)));
}

size_t Segment::MemoryOpsDone() {
  const uint64_t at = slot(0).program[static_cast<int>(RestorerProgram::kMemory)];
  return at == 0 ? 0 : __atomic_load_n(&reinterpret_cast<const SyscallProgram*>(at)->done, __ATOMIC_RELAXED);
}

int64_t Segment::ReplayResult(size_t thread) {
  const auto* program = reinterpret_cast<const SyscallProgram*>(slot(thread).replay);
  return reinterpret_cast<const SyscallOp*>(program + 1)->result;
}

uint64_t Segment::syscall_insn() const { return place_.start + header()->syscall_insn; }

// The far end of the leader's stack.
void* Segment::scratch() { return reinterpret_cast<void*>(slot(0).stack_top - kStackBytes); }

void Segment::Enter() {
  // See restorer/restorer.cc: slot in rdi, header in rsi, stack in rdx.
  asm volatile(
      "jmp *%%rax"
      :
      : "a"(place_.start), "D"(&slot(0)), "S"(header()), "d"(slot(0).stack_top)
      : "memory");
  __builtin_unreachable();
}

}  // namespace tardigrade
