#include "plugins/unix_socket/read_creator.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
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

std::string Comm(const std::string& process) {
  Result<std::string> comm = ReadFile(process + "/comm");
  if (!comm.has_value()) return "?";
  std::string name = std::move(comm).value();
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

bool Holds(const std::filesystem::path& process, const std::string& link) {
  std::error_code failed;
  for (std::filesystem::directory_iterator fd(process / "fd", failed), end; !failed && fd != end;
       fd.increment(failed)) {
    std::error_code unreadable;
    if (std::filesystem::read_symlink(fd->path(), unreadable).string() == link) return true;
  }
  return false;
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

std::string DescribeHolder(uint32_t inode) {
  const std::string link = StrCat("socket:[", inode, "]");
  std::error_code failed;
  for (std::filesystem::directory_iterator it("/proc", failed), end; !failed && it != end;
       it.increment(failed)) {
    const std::string pid = it->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (inode != 0 && Holds(it->path(), link))
      return StrCat("process ", pid, " (", Comm(it->path().string()), ")");
  }
  return "a process that cannot be found from here";
}

}  // namespace tardigrade::unix_socket
