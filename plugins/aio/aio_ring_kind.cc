#include "plugins/aio/aio_ring_kind.h"

#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "plugins/aio/aio_ring_state.h"

namespace tardigrade::aio {
namespace {

constexpr uint32_t kBatch = 32;      // Requests to a system call.
constexpr int kStillMs = 20;         // A ring that does not move for so long is taken to be idle,
constexpr int kPatienceMs = 2000;    // and one that moves for so long is not.

Result<std::vector<std::byte>> ReadRing(pid_t pid, const MemoryMapping& mapping) {
  std::vector<std::byte> bytes(mapping.size_bytes());
  const iovec local{bytes.data(), bytes.size()};
  const iovec remote{reinterpret_cast<void*>(mapping.start), bytes.size()};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(bytes.size()))
    return Error::Errno("reading the ring of an asynchronous I/O context");
  return bytes;
}

// The tasks are frozen: only completions of what is in flight move the tail.
Result<std::vector<std::byte>> ReadStillRing(pid_t pid, const MemoryMapping& mapping) {
  ASSIGN_OR_RETURN(std::vector<std::byte> before, ReadRing(pid, mapping));
  for (int waited = 0; waited < kPatienceMs; waited += kStillMs) {
    usleep(kStillMs * 1000);
    ASSIGN_OR_RETURN(std::vector<std::byte> now, ReadRing(pid, mapping));
    if (now == before) return now;
    before = std::move(now);
  }
  return Error(ErrorCode::kUnsupported,
               "an asynchronous I/O context (io_setup) has requests in flight, which cannot be saved; try again when "
               "they are completed");
}

std::vector<std::byte> WaitingEvents(const RingHeader& ring, std::span<const std::byte> bytes) {
  std::vector<std::byte> events;
  for (uint32_t slot = ring.head; slot != ring.tail; slot = (slot + 1) % ring.slots) {
    const auto event = bytes.subspan(sizeof(RingHeader) + slot * kEventBytes, kEventBytes);
    events.insert(events.end(), event.begin(), event.end());
  }
  return events;
}

// Whether a context made here has such a ring: it depends on the number of processors as well.
Status CheckRingHere(uint64_t bytes) {
  aio_context_t context = 0;
  if (syscall(SYS_io_setup, RequestsFor(bytes), &context) != 0) {
    if (errno == EAGAIN)
      return Error::Errno("making an asynchronous I/O context for ", RequestsFor(bytes), " requests (fs.aio-max-nr)");
    return Error::Errno("io_setup");
  }
  const uint32_t slots = reinterpret_cast<const RingHeader*>(context)->slots;
  syscall(SYS_io_destroy, context);
  if (slots == SlotsOf(bytes)) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("the smallest ring of an asynchronous I/O context has ", slots, " slots on this machine, the "
                      "saved one has ", SlotsOf(bytes), "; restore where there are fewer processors"));
}

// Moves the kernel's tail by `count`, and the head too if the events are to be taken.
class Mover {
 public:
  Mover(const MappingPlace& place, SyscallPlan& plan) : place_(place), plan_(plan) {}

  void Move(uint32_t count, bool take) {
    for (uint32_t done = 0; done < count;) {
      const uint32_t batch = std::min(count - done, kBatch);
      plan_.Add("moving the tail of an asynchronous I/O ring", SYS_io_submit, {place_.start, batch, Requests()},
                {.may_fail = false, .exactly = batch});
      if (first_ == npos) first_ = plan_.size() - 1;
      if (take)
        plan_.Add("moving the head of an asynchronous I/O ring", SYS_io_getevents,
                  {place_.start, batch, batch, Arg::Out(batch * kEventBytes), 0}, {.may_fail = false, .exactly = batch});
      done += batch;
    }
  }

 private:
  static constexpr size_t npos = ~size_t{0};

  // An array of pointers to requests, made once.
  Arg Requests() const {
    if (first_ != npos) return Arg::Within(first_, 2, 0);
    iocb nothing = {};
    nothing.aio_lio_opcode = IOCB_CMD_PREAD;
    nothing.aio_fildes = static_cast<uint32_t>(place_.fd);
    Arg array = Arg::Out(kBatch * sizeof(uint64_t));
    for (size_t i = 0; i < kBatch; ++i) array = std::move(array).With(i * sizeof(uint64_t), Arg::Copy(nothing));
    return array;
  }

  const MappingPlace& place_;
  SyscallPlan& plan_;
  size_t first_ = npos;
};

// Puts the saved events into the slots where those of Mover are now.
void PlanEvents(const AioRingState& state, const MappingPlace& place, std::span<const std::byte> events, SyscallPlan& plan) {
  if (events.empty()) return;
  plan.Add("writing completed events", SYS_pwrite64, {place.fd, Arg::Bytes(events), events.size(), 0},
           {.may_fail = false, .exactly = static_cast<int64_t>(events.size())});
  const uint64_t to_end = (state.slots - state.head) * kEventBytes;
  const uint64_t first = std::min<uint64_t>(events.size(), to_end);
  const uint64_t slots_at = place.start + sizeof(RingHeader);
  plan.Add("placing completed events", SYS_pread64, {place.fd, slots_at + state.head * kEventBytes, first, 0},
           {.may_fail = false, .exactly = static_cast<int64_t>(first)});
  if (events.size() > first)
    plan.Add("placing completed events", SYS_pread64, {place.fd, slots_at, events.size() - first, first},
             {.may_fail = false, .exactly = static_cast<int64_t>(events.size() - first)});
}

}  // namespace

Status AioRingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadRing(pid, mapping));
  RETURN_IF_ERROR(ParseRing(bytes));
  return Ok();
}

Result<MappingState> AioRingKind::Collect(pid_t pid, const MemoryMapping& mapping, CollectContext& context) const {
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadStillRing(pid, mapping));
  ASSIGN_OR_RETURN(const RingHeader ring, ParseRing(bytes));
  AioRingState state{.slots = ring.slots, .head = ring.head, .tail = ring.tail, .events = {}};
  ASSIGN_OR_RETURN(state.events, context.attachments().Put(WaitingEvents(ring, bytes)));
  context.Warn(StrCat("process ", pid, " has an asynchronous I/O context (io_setup): it is saved as idle, because the "
                      "kernel does not show requests in flight; such would be lost"));
  return MappingState{.pages = PagePolicy::kNone, .state = Encode(state)};
}

Result<std::optional<ScopedFd>> AioRingKind::OpenBacking(const Value&, CreateContext&) const {
  ScopedFd empty(memfd_create("aio", MFD_CLOEXEC));
  if (!empty.valid()) return Error::Errno("memfd_create");
  return std::optional(std::move(empty));
}

Status AioRingKind::PlanMaking(const Value& value, const MappingPlace& place, const AttachmentReader& attachments,
                               SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const AioRingState state, Decode<AioRingState>(value, "aio_ring"));
  if (place.bytes < 4096 || state.slots != SlotsOf(place.bytes) || state.head >= state.slots || state.tail >= state.slots)
    return Error(ErrorCode::kBadImage, "aio_ring.slots, head and tail do not fit the mapping");
  ASSIGN_OR_RETURN(const std::vector<std::byte> events, attachments.Get(state.events, state.slots * kEventBytes));
  if (events.size() != state.waiting() * kEventBytes)
    return Error(ErrorCode::kBadImage, "aio_ring.events are not as many as head and tail say");
  RETURN_IF_ERROR(CheckRingHere(place.bytes));
  const std::string name = StrCat("the asynchronous I/O context ", Hex(place.start));
  plan.Add("making " + name, SYS_io_setup, {RequestsFor(place.bytes), Arg::Out(sizeof(aio_context_t))});
  // EINVAL if there is none of this number.
  plan.Add("looking for " + name, SYS_io_getevents, {place.start, 0, 0, 0, 0}, {.may_fail = false, .exactly = 0});
  Mover mover(place, plan);
  mover.Move(state.head, /*take=*/true);
  mover.Move(state.waiting(), /*take=*/false);
  PlanEvents(state, place, events, plan);
  return Ok();
}

}  // namespace tardigrade::aio
