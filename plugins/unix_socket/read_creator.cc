#include "plugins/unix_socket/read_creator.h"

#include <cerrno>
#include <optional>

#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::unix_socket {
namespace {

// Process `pid` as its own PID namespace has it, which is the job's if the job is to see it at all.
// One that is gone has no other number than the one seen here: right where both see the same.
pid_t InnerPid(const FdFacts& file, pid_t pid) {
  if (pid <= 0) return 0;
  if (pid == file.pid) return file.inner_pid;
  const std::optional<pid_t> of_job =
      file.job != nullptr ? file.job->InnerProcess(pid) : std::nullopt;
  if (of_job.has_value()) return *of_job;
  const Result<std::string> status = ReadFile(StrCat("/proc/", pid, "/status"));
  if (!status.has_value()) return file.pid == file.inner_pid ? pid : 0;
  const Result<pid_t> inner = InnerId(status.value());
  return inner.has_value() ? inner.value() : 0;
}

}  // namespace

Creator AsJobSees(const FdFacts& file, const ucred& credentials) {
  Creator creator;
  creator.pid = InnerPid(file, credentials.pid);
  creator.uid = credentials.uid;
  creator.gid = credentials.gid;
  return creator;
}

Result<Creator> ReadCreator(const FdFacts& file) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (getsockopt(file.local_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return Error::Errno("SO_PEERCRED");
  Creator creator = AsJobSees(file, credentials);
  size = 0;
  if (getsockopt(file.local_fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &size) != 0 && errno == ERANGE) {
    creator.groups.resize(size / sizeof(uint32_t));
    if (getsockopt(file.local_fd, SOL_SOCKET, SO_PEERGROUPS, creator.groups.data(), &size) != 0)
      return Error::Errno("SO_PEERGROUPS");
  }
  return creator;
}

Result<Creator> HolderOf(const FdFacts& file) {
  ASSIGN_OR_RETURN(const std::string status, ReadFile(StrCat("/proc/", file.pid, "/status")));
  Creator creator;
  creator.pid = file.inner_pid;
  ASSIGN_OR_RETURN(const std::vector<uint64_t> uids, StatusNumbers(status, "Uid", 10));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> gids, StatusNumbers(status, "Gid", 10));
  ASSIGN_OR_RETURN(const std::vector<uint64_t> groups, StatusNumbers(status, "Groups", 10));
  if (uids.size() < 2 || gids.size() < 2)
    return Error(ErrorCode::kInternal, "the kernel shows no effective user");
  creator.uid = static_cast<uint32_t>(uids[1]);
  creator.gid = static_cast<uint32_t>(gids[1]);
  creator.groups.assign(groups.begin(), groups.end());
  return creator;
}

}  // namespace tardigrade::unix_socket
