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

bool HasCallersRoot(const TaskFacts& task) {
  return SameDirectory(task.proc_dir + "/root", "/proc/self/root");
}

bool IsAbsolute(const std::string& path) {
  return path.starts_with('/') && path.find('\0') == std::string::npos;
}

// Errors: as stat(2), naming the way out.
Status ExpectHere(std::string_view what, const std::string& path, const std::string& was) {
  struct stat st = {};
  if (stat(path.c_str(), &st) == 0) return Ok();
  return Error::Errno("the job's ", what, " ", path, " is needed here too; --set-file ", was,
                      "=NEW names another");
}

// When all paths of the image have been followed, which begin at the restorer's root; the working
// directory stays (fs/open.c, ksys_chroot()).
Status PlanRoot(const FilesystemViewState& state, const RestoreFacts& facts, TaskPlan& plan) {
  const std::string root = MovedPath(facts.moved, state.root_directory);
  if (!IsAbsolute(root))
    return Error(ErrorCode::kBadImage, "filesystem_view.root_directory is not an absolute path");
  RETURN_IF_ERROR(ExpectHere("root directory", root, state.root_directory));
  plan[Phase::kLimits].Add(StrCat("changing the root directory to ", root), SYS_chroot,
                           {Arg::String(root)});
  return Ok();
}

}  // namespace

Status FilesystemViewKind::Check(const TaskFacts& task) const {
  ASSIGN_OR_RETURN(const std::string root, ReadLink(task.proc_dir + "/root"));
  if (!HasCallersRoot(task) && !SameDirectory(task.proc_dir + "/root", root))
    return Error(ErrorCode::kUnsupported,
                 StrCat("its root directory ", root, " cannot be reached by that path, so that it ",
                        "cannot be saved; run the snapshot where it can"));
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
  if (!HasCallersRoot(task)) {
    ASSIGN_OR_RETURN(state.root_directory, ReadLink(task.proc_dir + "/root"));
  }
  return Encode(state);
}

Status FilesystemViewKind::Restore(const Value& value, const RestoreFacts& facts,
                                   TaskPlan& plan) const {
  ASSIGN_OR_RETURN(const FilesystemViewState state,
                   Decode<FilesystemViewState>(value, "filesystem_view"));
  const std::string cwd = MovedPath(facts.moved, state.working_directory);
  if (!IsAbsolute(cwd))
    return Error(ErrorCode::kBadImage, "filesystem_view.working_directory is not an absolute path");
  plan[Phase::kProcess].Add("restoring the umask", SYS_umask, {state.umask});
  if (!state.root_directory.empty()) RETURN_IF_ERROR(PlanRoot(state, facts, plan));
  if (!state.object.empty()) return Ok();  // DoInTask()
  RETURN_IF_ERROR(ExpectHere("working directory", cwd, state.working_directory));
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
