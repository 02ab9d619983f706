#include "plugins/seccomp/seccomp_kind.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <bit>
#include <cstddef>

#include "plugins/seccomp/seccomp_state.h"
#include "supervisor/kernel/own_capabilities.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::seccomp {
namespace {

constexpr auto kGetFilter = static_cast<__ptrace_request>(0x420c);    // PTRACE_SECCOMP_GET_FILTER
constexpr auto kGetMetadata = static_cast<__ptrace_request>(0x420d);  // PTRACE_SECCOMP_GET_METADATA
constexpr uint64_t kModeNone = 0;
constexpr uint64_t kModeStrict = 1;

static_assert(sizeof(sock_filter) == sizeof(uint64_t));

struct Metadata {  // struct seccomp_metadata
  uint64_t filter;
  uint64_t flags;
};

Error MayNotRead() {
  return Error(ErrorCode::kDenied,
               "it has seccomp filters, which only a caller with CAP_SYS_ADMIN and no filter of "
               "its own may read; snapshot as root");
}

Error StrictMode() {
  return Error(ErrorCode::kUnsupported,
               "it is in seccomp strict mode, in which nothing can be asked of it; "
               "it cannot be saved");
}

Error CannotRead(pid_t tid) {
  if (errno == EACCES || errno == EPERM) return MayNotRead();
  if (errno == EMEDIUMTYPE)
    return Error(ErrorCode::kUnsupported,
                 "one of its seccomp filters is not classic BPF, which cannot be saved");
  return Error::Errno("reading the seccomp filters of thread ", tid);
}

// Filter `index` counts from the oldest: kernel/seccomp.c, get_nth_filter().
Result<FilterState> ReadFilter(pid_t tid, uint64_t index) {
  FilterState filter;
  const long count = ptrace(kGetFilter, tid, index, nullptr);
  if (count < 0) return CannotRead(tid);
  filter.instructions.resize(static_cast<size_t>(count));
  if (ptrace(kGetFilter, tid, index, filter.instructions.data()) < 0) return CannotRead(tid);
  Metadata metadata{.filter = index, .flags = 0};
  if (ptrace(kGetMetadata, tid, sizeof(metadata), &metadata) < 0) return CannotRead(tid);
  filter.flags = metadata.flags;
  return filter;
}

bool AsksListener(const FilterState& filter) {
  for (uint64_t word : filter.instructions) {
    const auto instruction = std::bit_cast<sock_filter>(word);
    if (instruction.code == (BPF_RET | BPF_K) &&
        (instruction.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
      return true;
  }
  return false;
}

Result<SeccompState> ReadFilters(const TaskFacts& task) {
  SeccompState state;
  ASSIGN_OR_RETURN(const uint64_t mode, StatusNumber(task.status, "Seccomp", 10));
  if (mode == kModeNone) return state;
  if (mode == kModeStrict) return StrictMode();
  ASSIGN_OR_RETURN(const uint64_t count, StatusNumber(task.status, "Seccomp_filters", 10));
  for (uint64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(FilterState filter, ReadFilter(task.tid, i));
    if (AsksListener(filter))
      return Error(ErrorCode::kUnsupported,
                   "one of its seccomp filters asks a listener (SECCOMP_RET_USER_NOTIF), "
                   "which cannot be saved; start it without");
    state.filters.push_back(std::move(filter));
  }
  return state;
}

}  // namespace

Status SeccompKind::Check(const TaskFacts& task) const {
  if (!task.frozen) {
    // The filters themselves are for the tracer only.
    ASSIGN_OR_RETURN(const uint64_t mode, StatusNumber(task.status, "Seccomp", 10));
    if (mode == kModeStrict) return StrictMode();
    ASSIGN_OR_RETURN(const bool may_read, HasCapability(CAP_SYS_ADMIN));
    return mode == kModeNone || may_read ? Ok() : MayNotRead();
  }
  RETURN_IF_ERROR(ReadFilters(task));
  return Ok();
}

Result<Value> SeccompKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                   CollectContext&) const {
  ASSIGN_OR_RETURN(const SeccompState state, ReadFilters(task));
  return Encode(state);
}

Status SeccompKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const SeccompState state, Decode<SeccompState>(value, "seccomp"));
  size_t number = 0;
  for (const FilterState& filter : state.filters) {
    if ((filter.flags & ~uint64_t{SECCOMP_FILTER_FLAG_LOG}) != 0)
      return Error(ErrorCode::kBadImage,
                   StrCat("seccomp.filters[", number, "].flags has unknown flags"));
    sock_fprog program{};
    program.len = static_cast<unsigned short>(filter.instructions.size());
    plan[Phase::kSeccomp].Add(
        StrCat("installing seccomp filter ", number++, " (needs no_new_privs or CAP_SYS_ADMIN)"),
        SYS_seccomp,
        {SECCOMP_SET_MODE_FILTER, filter.flags,
         Arg::Copy(program).With(offsetof(sock_fprog, filter),
                                 Arg::Bytes(std::as_bytes(std::span(filter.instructions))))});
  }
  return Ok();
}

}  // namespace tardigrade::seccomp
