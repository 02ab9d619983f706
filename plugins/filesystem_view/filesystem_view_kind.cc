#include "plugins/filesystem_view/filesystem_view_kind.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/filesystem_view/filesystem_view_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/task_status.h"
#include "supervisor/resource/removed_directory.h"
#include "supervisor/resource/tracee_files.h"

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
  if (SameDirectory(task.proc_dir + "/cwd", cwd)) return Ok();
  struct stat st = {};
  if (stat((task.proc_dir + "/cwd").c_str(), &st) == 0 && IsRemovedDirectory(cwd, st)) return Ok();
  return Error(ErrorCode::kUnsupported,
               StrCat("its working directory ", cwd, " cannot be reached by that path; ",
                      "let the job change to one that can"));
}

Result<Value> FilesystemViewKind::Collect(const TaskFacts& task, const Outcome&, size_t,
                                          CollectContext& context) const {
  FilesystemViewState state;
  ASSIGN_OR_RETURN(const uint64_t umask, StatusNumber(task.status, "Umask", 8));
  state.umask = static_cast<uint32_t>(umask);
  const std::string cwd = task.proc_dir + "/cwd";
  ASSIGN_OR_RETURN(state.working_directory, ReadLink(cwd));
  if (!SameDirectory(cwd, state.working_directory)) {
    struct stat st = {};
    if (stat(cwd.c_str(), &st) != 0)
      return Error::Errno("stat of the working directory ", state.working_directory);
    ASSIGN_OR_RETURN(state.object, AddRemovedDirectory(state.working_directory, st, context));
    state.working_directory = WithoutDeletedSuffix(state.working_directory);
  }
  return Encode(state);
}

Status FilesystemViewKind::Restore(const Value& value, const RestoreFacts& facts,
                                   TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const FilesystemViewState state,
                   Decode<FilesystemViewState>(value, "filesystem_view"));
  const std::string cwd = MovedPath(facts.moved, state.working_directory);
  if (!cwd.starts_with('/') || cwd.find('\0') != std::string::npos)
    return Error(ErrorCode::kBadImage, "filesystem_view.working_directory is not an absolute path");
  plan[Phase::kProcess].Add("restoring the umask", SYS_umask, {state.umask});
  if (!state.object.empty()) return Ok();  // DoInTask()
  struct stat st = {};
  if (stat(cwd.c_str(), &st) != 0)
    return Error::Errno("the job's working directory ", cwd, " is needed here too; --set-file ",
                        state.working_directory, "=NEW names another");
  plan[Phase::kProcess].Add(StrCat("changing to the working directory ", cwd), SYS_chdir,
                            {Arg::String(cwd)});
  return Ok();
}

Status FilesystemViewKind::DoInTask(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const FilesystemViewState state,
                   Decode<FilesystemViewState>(value, "filesystem_view"));
  if (state.object.empty()) return Ok();
  ASSIGN_OR_RETURN(const int directory, context.Object(state.object));
  if (fchdir(directory) != 0)
    return Error::Errno("changing to the removed directory ", state.working_directory);
  return Ok();
}

}  // namespace tardigrade::filesystem_view
