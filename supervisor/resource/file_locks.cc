#include "supervisor/resource/file_locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

namespace tardigrade {
namespace {

bool ParseNumber(const std::string& text, int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

// "1: LEASE  ACTIVE    READ 9398 fe:00:10953857 0 EOF": the first four.
std::array<std::string, 4> WordsOf(std::string_view line) {
  std::istringstream in{std::string(line)};
  std::array<std::string, 4> words;
  for (std::string& word : words) in >> word;
  return words;
}

// "1: POSIX  ADVISORY  WRITE 9398 fe:00:10953857 10 14"; the last two are the first and the last
// byte.
Result<FileLock> ParseLock(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string number, kind, advisory, type, pid, inode, first, last;
  words >> number >> kind >> advisory >> type >> pid >> inode >> first >> last;
  FileLock lock;
  if (kind == "POSIX") {
    lock.kind = LockKind::kPosix;
  } else if (kind == "FLOCK") {
    lock.kind = LockKind::kFlock;
  } else if (kind == "OFDLCK") {
    lock.kind = LockKind::kDescription;
  } else {
    return Error(ErrorCode::kUnsupported,
                 StrCat("the file is under a ", kind, ", which cannot be saved; give it up first"));
  }
  lock.exclusive = type == "WRITE";
  int64_t holder = 0;  // -1 for locks of a description.
  if (ParseNumber(pid, holder)) lock.pid = static_cast<int32_t>(std::max<int64_t>(holder, 0));
  int64_t last_byte = 0;
  const bool to_end = last == "EOF";
  if ((type != "WRITE" && type != "READ") || !ParseNumber(first, lock.start) ||
      (!to_end && !ParseNumber(last, last_byte)))
    return Error(ErrorCode::kUnsupported, StrCat("a lock this build cannot read: \"", line, "\""));
  lock.length = to_end ? 0 : last_byte - lock.start + 1;
  return lock;
}

struct ProcessLocks {
  std::vector<FileLock> locks;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("locks", self.locks);
  }
};

bool IsOfProcess(const FileLock& lock) { return lock.kind == LockKind::kPosix; }

struct flock ToFlock(const FileLock& lock) {
  struct flock out = {};
  out.l_type = lock.exclusive ? F_WRLCK : F_RDLCK;
  out.l_whence = SEEK_SET;
  out.l_start = lock.start;
  out.l_len = lock.length;
  return out;
}

std::string Attempt(const std::string& path) {
  return StrCat("locking ", path,
                " as the job had it; is the job, or a copy of it, still running?");
}

}  // namespace

Result<std::vector<FileLock>> ParseLocks(const FdInfo& info) {
  std::vector<FileLock> locks;
  for (const std::string_view line : info.FindAll("lock")) {
    if (WordsOf(line)[1] == "LEASE") continue;
    ASSIGN_OR_RETURN(const FileLock lock, ParseLock(line));
    locks.push_back(lock);
  }
  return locks;
}

Result<Lease> ParseLease(const FdInfo& info) {
  Lease lease = Lease::kNone;
  for (const std::string_view line : info.FindAll("lock")) {
    const std::array<std::string, 4> words = WordsOf(line);
    if (words[1] != "LEASE") continue;
    if (words[2] == "BREAKING")
      return Error(
          ErrorCode::kUnsupported,
          "the file's lease is being broken: another process waits for the job to give it up "
          "(F_SETLEASE); let it do so first");
    if (words[2] != "ACTIVE" || (words[3] != "READ" && words[3] != "WRITE"))
      return Error(ErrorCode::kUnsupported,
                   StrCat("a lease this build cannot read: \"", line, "\""));
    lease = words[3] == "READ" ? Lease::kRead : Lease::kWrite;
  }
  return lease;
}

Result<std::vector<FileLock>> ParseDescriptionLocks(const FdInfo& info) {
  ASSIGN_OR_RETURN(std::vector<FileLock> locks, ParseLocks(info));
  std::erase_if(locks, IsOfProcess);
  for (FileLock& lock : locks) lock.pid = 0;
  return locks;
}

Result<Value> CollectProcessLocks(const FdFacts& file) {
  ProcessLocks of_process;
  ASSIGN_OR_RETURN(of_process.locks, ParseLocks(file.info));
  std::erase_if(of_process.locks, [](const FileLock& lock) { return !IsOfProcess(lock); });
  for (FileLock& lock : of_process.locks) {
    const std::optional<pid_t> sharer = file.job == nullptr ? std::nullopt : file.job->InnerSharer(lock.pid, file.pid);
    lock.pid = sharer.value_or(0);
  }
  return of_process.locks.empty() ? Value() : Encode(of_process);
}

Status TakeDescriptionLocks(const std::vector<FileLock>& locks, const std::string& path,
                            int local_fd) {
  for (const FileLock& lock : locks) {
    if (lock.kind == LockKind::kFlock &&
        flock(local_fd, (lock.exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0)
      return Error::Errno(Attempt(path));
    struct flock range = ToFlock(lock);
    if (lock.kind == LockKind::kDescription && fcntl(local_fd, F_OFD_SETLK, &range) != 0)
      return Error::Errno(Attempt(path));
  }
  return Ok();
}

Status PlanLease(Lease lease, bool has_owner, const std::string& path, int fd, SyscallPlan& plan) {
  if (lease == Lease::kNone) return Ok();
  if (lease != Lease::kRead && lease != Lease::kWrite)
    return Error(ErrorCode::kBadImage, "a lease of no known kind");
  plan.Add(StrCat("taking the lease on ", path,
                  " that the job had; is it open elsewhere, or is a copy of the job "
                  "still running?"),
           SYS_fcntl, {fd, F_SETLEASE, lease == Lease::kRead ? F_RDLCK : F_WRLCK});
  if (!has_owner)
    plan.Add(StrCat("resetting who is signalled by fd ", fd), SYS_fcntl, {fd, F_SETOWN, 0});
  return Ok();
}

Status PlanProcessLocks(const Value& of_process, const std::string& path, int fd, int32_t sharer,
                        SyscallPlan& plan) {
  if (of_process.IsNull()) return Ok();
  ASSIGN_OR_RETURN(const ProcessLocks decoded, Decode<ProcessLocks>(of_process, "of_process"));
  for (const FileLock& lock : decoded.locks) {
    if (!IsOfProcess(lock)) return Error(ErrorCode::kBadImage, "a process's lock is not its own");
    if (lock.pid != sharer) continue;
    plan.Add(Attempt(path), SYS_fcntl, {fd, F_SETLK, Arg::Copy(ToFlock(lock))});
  }
  return Ok();
}

}  // namespace tardigrade
