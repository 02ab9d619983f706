#include "plugins/memory_bounds/memory_bounds_kind.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstddef>

#include "plugins/memory_bounds/memory_bounds_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::memory_bounds {
namespace {

constexpr uint32_t kKeepExe = UINT32_MAX;

prctl_mm_map ToMap(const MemoryBoundsState& state) {
  prctl_mm_map map{};
  map.start_code = state.start_code;
  map.end_code = state.end_code;
  map.start_data = state.start_data;
  map.end_data = state.end_data;
  map.start_brk = state.start_brk;
  map.brk = state.brk;
  map.start_stack = state.start_stack;
  map.arg_start = state.arg_start;
  map.arg_end = state.arg_end;
  map.env_start = state.env_start;
  map.env_end = state.env_end;
  map.auxv_size = static_cast<uint32_t>(state.auxv.size() * sizeof(uint64_t));
  map.exe_fd = kKeepExe;
  return map;
}

// Whether the restorer's executable, which a fresh task has too, is the job's.
bool IsOwnExe(const std::string& path) {
  struct stat own = {};
  struct stat saved = {};
  return stat("/proc/self/exe", &own) == 0 && stat(path.c_str(), &saved) == 0 &&
         own.st_dev == saved.st_dev && own.st_ino == saved.st_ino;
}

}  // namespace

Status MemoryBoundsKind::Check(const TaskFacts& task) const {
  ASSIGN_OR_RETURN(const std::string exe, ReadLink(task.proc_dir + "/exe"));
  struct stat running = {};
  struct stat named = {};
  if (stat((task.proc_dir + "/exe").c_str(), &running) != 0)
    return Error::Errno("looking at the executable ", exe);
  if (stat(exe.c_str(), &named) == 0 && running.st_dev == named.st_dev &&
      running.st_ino == named.st_ino)
    return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("its executable ", exe, " was removed or replaced since it was started, ",
                      "which cannot be saved; put the same file back first"));
}

size_t MemoryBoundsKind::AddQueries(const TaskFacts&, SyscallPlan& plan) const {
  return plan.Add("asking for the end of the heap", SYS_brk, {0});
}

Result<Value> MemoryBoundsKind::Collect(const TaskFacts& task, const Outcome& answers, size_t first,
                                        CollectContext&) const {
  ASSIGN_OR_RETURN(const std::string stat, ReadFile(StrCat("/proc/", task.pid, "/stat")));
  ASSIGN_OR_RETURN(MemoryBoundsState state, ParseStat(stat));
  state.brk = static_cast<uint64_t>(answers.result(first));
  ASSIGN_OR_RETURN(const std::string auxv, ReadFile(StrCat("/proc/", task.pid, "/auxv")));
  state.auxv.resize(auxv.size() / sizeof(uint64_t));
  std::memcpy(state.auxv.data(), auxv.data(), state.auxv.size() * sizeof(uint64_t));
  ASSIGN_OR_RETURN(state.exe, ReadLink(task.proc_dir + "/exe"));
  return Encode(state);
}

Status MemoryBoundsKind::Restore(const Value& value, const RestoreFacts& facts,
                                 TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const MemoryBoundsState state,
                   Decode<MemoryBoundsState>(value, "memory_bounds"));
  if (!state.exe.starts_with('/') || state.exe.find('\0') != std::string::npos)
    return Error(ErrorCode::kBadImage, "memory_bounds.exe is not an absolute path");
  const std::string exe = MovedPath(facts.moved, state.exe);
  SyscallPlan& steps = plan[Phase::kProcess];
  Arg map =
      Arg::Copy(ToMap(state))
          .With(offsetof(prctl_mm_map, auxv), Arg::Bytes(std::as_bytes(std::span(state.auxv))));
  if (state.auxv.empty()) map = Arg::Copy(ToMap(state));
  if (IsOwnExe(exe)) {
    steps.Add("restoring the bounds of memory", SYS_prctl,
              {PR_SET_MM, PR_SET_MM_MAP, map, sizeof(prctl_mm_map), 0});
    return Ok();
  }
  const size_t fd = steps.Add(StrCat("opening the executable ", exe), SYS_openat,
                              {AT_FDCWD, Arg::String(exe), O_RDONLY | O_CLOEXEC});
  map = std::move(map).With(offsetof(prctl_mm_map, exe_fd), Arg::ResultOf(fd), sizeof(uint32_t));
  steps.Add(StrCat("restoring the bounds of memory and the executable ", exe), SYS_prctl,
            {PR_SET_MM, PR_SET_MM_MAP, map, sizeof(prctl_mm_map), 0});
  steps.Add("closing the executable", SYS_close, {Arg::ResultOf(fd)});
  return Ok();
}

}  // namespace tardigrade::memory_bounds
