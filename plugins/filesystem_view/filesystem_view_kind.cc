#include "plugins/filesystem_view/filesystem_view_kind.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include "plugins/filesystem_view/filesystem_view_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"

namespace tardigrade::filesystem_view {
namespace {

// Whether two paths lead to the same directory; false also when one leads nowhere.
bool SameDirectory(const std::string& a, const std::string& b) {
  struct stat stat_a = {};
  struct stat stat_b = {};
  return stat(a.c_str(), &stat_a) == 0 && stat(b.c_str(), &stat_b) == 0 &&
         stat_a.st_dev == stat_b.st_dev && stat_a.st_ino == stat_b.st_ino;
}

}  // namespace

Status FilesystemViewKind::Check(const TaskFacts& task) const {
  ASSIGN_OR_RETURN(const std::string root, ReadLink(task.proc_dir + "/root"));
  if (!SameDirectory(task.proc_dir + "/root", "/proc/self/root"))
    return Error(ErrorCode::kUnsupported,
                 StrCat("its root directory is ", root, ", another one than that of the caller, ",
                        "which cannot be saved yet; run the snapshot inside that root"));
  ASSIGN_OR_RETURN(const std::string cwd, ReadLink(task.proc_dir + "/cwd"));
  if (!SameDirectory(task.proc_dir + "/cwd", cwd))
    return Error(ErrorCode::kUnsupported, StrCat("its working directory ", cwd,
                                                 " was removed or cannot be reached by that path; ",
                                                 "let the job change to a directory that exists"));
  return Ok();
}

Result<Value> FilesystemViewKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                          CollectContext&) const {
  FilesystemViewState state;
  ASSIGN_OR_RETURN(const uint64_t umask, StatusNumber(task.status, "Umask", 8));
  state.umask = static_cast<uint32_t>(umask);
  ASSIGN_OR_RETURN(state.working_directory, ReadLink(task.proc_dir + "/cwd"));
  return Encode(state);
}

Status FilesystemViewKind::Restore(const Value& value, const RestoreFacts&, TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const FilesystemViewState state,
                   Decode<FilesystemViewState>(value, "filesystem_view"));
  const std::string& cwd = state.working_directory;
  if (!cwd.starts_with('/') || cwd.find('\0') != std::string::npos)
    return Error(ErrorCode::kBadImage, "filesystem_view.working_directory is not an absolute path");
  struct stat st = {};
  if (stat(cwd.c_str(), &st) != 0)
    return Error::Errno("the job's working directory ", cwd, " is needed here too");
  plan[Phase::kProcess].Add(StrCat("changing to the working directory ", cwd), SYS_chdir,
                            {Arg::String(cwd)});
  plan[Phase::kProcess].Add("restoring the umask", SYS_umask, {state.umask});
  return Ok();
}

}  // namespace tardigrade::filesystem_view
