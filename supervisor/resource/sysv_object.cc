#include "supervisor/resource/sysv_object.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <string_view>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/proc_stat.h"

namespace tardigrade {
namespace {

constexpr const char* kWayOut =
    "; end who uses it, or restore into namespaces of its own (--new-pid-namespace)";

// Others may take the next id before we do.
constexpr int kTries = 20;

// When the process that has the pid now began, in seconds since 1970; nullopt if there is none.
std::optional<int64_t> BeginningOf(int64_t pid) {
  const Result<std::string> text = ReadFile(StrCat("/proc/", pid, "/stat"));
  if (!text.has_value()) return std::nullopt;
  const Result<ProcStat> stat = ParseProcStat(text.value());
  timespec now = {}, up = {};
  if (!stat.has_value() || clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0) return std::nullopt;
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t boot_ns = (now.tv_sec - up.tv_sec) * kSecond + now.tv_nsec - up.tv_nsec;
  return (boot_ns + static_cast<int64_t>(stat.value().start_time) * (kSecond / sysconf(_SC_CLK_TCK))) / kSecond;
}

// Creates as another user: an object's creator is the caller (ipc/util.c, ipc_addid()).
class ScopedCreator {
 public:
  ScopedCreator(uid_t uid, gid_t gid) : uid_(geteuid()), gid_(getegid()) {
    changed_ = uid != uid_ || gid != gid_;
    if (!changed_) return;
    // The group first: without the user's rights it cannot be set any more.
    worked_ = syscall(SYS_setresgid, -1, gid, -1) == 0 && syscall(SYS_setresuid, -1, uid, -1) == 0;
  }
  ~ScopedCreator() {
    if (!changed_) return;
    (void)syscall(SYS_setresuid, -1, uid_, -1);
    (void)syscall(SYS_setresgid, -1, gid_, -1);
  }
  ScopedCreator(const ScopedCreator&) = delete;
  bool worked() const { return worked_; }

 private:
  uid_t uid_;
  gid_t gid_;
  bool changed_ = false;
  bool worked_ = true;
};

// fs/proc/base.c, proc_pid_syscall(): "70 0x1800b 0x7fff84acd5d0 ...", or "running".
std::optional<SleepingCall> ParseCall(std::string_view text) {
  SleepingCall call;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, call.number);
  constexpr std::string_view kPrefix = " 0x";
  if (error != std::errc() || !std::string_view(at, end).starts_with(kPrefix)) return std::nullopt;
  if (std::from_chars(at + kPrefix.size(), end, call.first_argument, 16).ec != std::errc()) return std::nullopt;
  return call;
}

std::vector<SleepingCall> ReadCalls(const JobFacts& job) {
  std::vector<SleepingCall> calls;
  for (const JobMember& member : job.members) {
    for (const pid_t tid : member.threads) {
      const Result<std::string> text = ReadFile(StrCat("/proc/", member.pid, "/task/", tid, "/syscall"));
      if (!text.has_value()) continue;
      const std::optional<SleepingCall> call = ParseCall(text.value());
      if (call.has_value()) calls.push_back(*call);
    }
  }
  return calls;
}

Status ChooseNextId(const char* path, int id) {
  const ScopedFd file(open(path, O_WRONLY | O_CLOEXEC));
  const std::string text = std::to_string(id);
  if (!file.valid() && errno == ENOENT)
    return Error(ErrorCode::kUnsupported,
                 StrCat("this kernel lets nobody choose the id (", path, ", CONFIG_CHECKPOINT_RESTORE)"));
  if (!file.valid() || write(file.get(), text.data(), text.size()) < 0)
    return Error::Errno("choosing its id (", path,
                        " needs CAP_CHECKPOINT_RESTORE; in namespaces of its own, --new-pid-namespace, the "
                        "job needs none)");
  return Ok();
}

Status CheckFree(const SysvIdentity& identity, const SysvMaking& making) {
  const std::string what = DescribeSysv(making.what, identity);
  if (const std::optional<ipc_perm> there = making.find(identity.id); there.has_value()) {
    if (there->__key != identity.key || there->uid != identity.uid || there->gid != identity.gid)
      return Error(ErrorCode::kUnsupported,
                   StrCat(what, " cannot be made: its id is somebody else's", kWayOut));
    RETURN_IF_ERROR(making.check_unused(identity.id), what);
    making.remove(identity.id);
  }
  if (identity.key == IPC_PRIVATE) return Ok();
  if (const int other = making.get(identity.key, 0); other >= 0 || errno != ENOENT)
    return Error(ErrorCode::kUnsupported,
                 StrCat(what, " cannot be made: another one has its key", kWayOut));
  return Ok();
}

}  // namespace

SysvIdentity IdentityOf(const SysvIpcRow& row, std::string_view id_column) {
  const auto field = [&row](std::string_view name) {
    const auto it = row.find(name);
    return it == row.end() ? int64_t{0} : it->second;
  };
  return {.id = static_cast<int32_t>(field(id_column)),
          .key = static_cast<int32_t>(field("key")),
          .uid = static_cast<uint32_t>(field("uid")),
          .gid = static_cast<uint32_t>(field("gid")),
          .cuid = static_cast<uint32_t>(field("cuid")),
          .cgid = static_cast<uint32_t>(field("cgid")),
          .mode = static_cast<uint32_t>(field("perms") & 0777)};
}

std::string DescribeSysv(const char* what, const SysvIdentity& identity) {
  return StrCat(what, " ", identity.id, " (key ", Hex(static_cast<uint32_t>(identity.key)), ")");
}

Result<SysvNamespace> SysvNamespace::Look(const JobFacts& job, const std::string& which) {
  SysvNamespace found;
  found.job_ = &job;
  if (job.members.empty()) return found;
  ASSIGN_OR_RETURN(const bool shared, IsInThisIpcNamespace(job.members[0].pid));
  found.is_jobs_own_ = !shared;
  std::optional<Result<std::vector<SysvIpcRow>>> rows;
  RETURN_IF_ERROR(found.Run([&] { rows.emplace(ReadSysvIpc(which)); }));
  ASSIGN_OR_RETURN(found.rows_, std::move(*rows));
  return found;
}

Status SysvNamespace::Run(const std::function<void()>& run) const {
  return InIpcNamespaceOf(job_->members[0].pid, run);
}

bool WasThere(pid_t pid, int64_t when) {
  // The kernel notes whole seconds.
  const std::optional<int64_t> began = BeginningOf(pid);
  return began.has_value() && *began <= when;
}

int32_t InnerPid(const JobFacts& job, int64_t pid, int64_t when) {
  const std::optional<pid_t> inner = job.pids->InnerProcess(static_cast<pid_t>(pid));
  return inner.has_value() && WasThere(static_cast<pid_t>(pid), when) ? *inner : 0;
}

bool IsOutsider(const JobFacts& job, int64_t pid, int64_t when) {
  if (pid <= 0 || job.pids->InnerProcess(static_cast<pid_t>(pid)).has_value()) return false;
  return WasThere(static_cast<pid_t>(pid), when);
}

std::set<int32_t> IdsOfCalls(const JobFacts& job, std::initializer_list<long> numbers) {
  if (!job.calls->has_value()) *job.calls = ReadCalls(job);
  std::set<int32_t> ids;
  for (const SleepingCall& call : **job.calls) {
    if (std::find(numbers.begin(), numbers.end(), call.number) != numbers.end())
      ids.insert(static_cast<int32_t>(call.first_argument));
  }
  return ids;
}

Status MakeSysvObject(const SysvIdentity& identity, const SysvMaking& making, MadeObjects& made) {
  const std::string what = DescribeSysv(making.what, identity);
  RETURN_IF_ERROR(CheckFree(identity, making));
  for (int i = 0; i < kTries; ++i) {
    RETURN_IF_ERROR(ChooseNextId(making.next_id, identity.id), "making ", what);
    int id = -1;
    {
      const ScopedCreator creator(identity.cuid, identity.cgid);
      if (!creator.worked())
        return Error::Errno("making ", what, ": its creator was user ", identity.cuid, ", group ",
                            identity.cgid, ", which needs CAP_SETUID and CAP_SETGID");
      id = making.get(identity.key, static_cast<int>(identity.mode) | IPC_CREAT | IPC_EXCL);
      if (id < 0) return Error::Errno("making ", what);
    }
    if (id == identity.id) {
      made.Note(id);
      return making.set(id);
    }
    making.remove(id);
  }
  return Error(ErrorCode::kUnsupported, StrCat(what, " cannot be made: its id is taken", kWayOut));
}

}  // namespace tardigrade
