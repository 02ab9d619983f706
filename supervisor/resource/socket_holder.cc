#include "supervisor/resource/socket_holder.h"

#include <cstdlib>
#include <filesystem>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

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

std::optional<pid_t> FindSocketHolder(uint64_t inode) {
  if (inode == 0) return std::nullopt;
  const std::string link = StrCat("socket:[", inode, "]");
  std::error_code failed;
  for (std::filesystem::directory_iterator it("/proc", failed), end; !failed && it != end;
       it.increment(failed)) {
    const std::string pid = it->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (Holds(it->path(), link)) return std::atoi(pid.c_str());
  }
  return std::nullopt;
}

std::string DescribeSocketHolder(uint64_t inode) {
  const std::optional<pid_t> holder = FindSocketHolder(inode);
  if (!holder.has_value()) return "a process that cannot be found from here";
  return StrCat("process ", *holder, " (", Comm(StrCat("/proc/", *holder)), ")");
}

}  // namespace tardigrade
