#include "plugins/directory/removed_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade::directory {
namespace {

bool IsDirectory(const std::string& path) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

// Directories one in the other, gone with this guard.
class ScopedDirectories {
 public:
  explicit ScopedDirectories(std::string base) : at_(std::move(base)) {}
  ~ScopedDirectories() {
    for (auto it = made_.rbegin(); it != made_.rend(); ++it) rmdir(it->c_str());
  }
  ScopedDirectories(const ScopedDirectories&) = delete;

  // Under another name if that one is taken.
  Status Descend(const std::string& name) {
    std::string path = StrCat(at_, "/", name);
    int failed = mkdir(path.c_str(), 0700);
    if (failed != 0 && errno == EEXIST) {
      path = StrCat(at_, "/.tardigrade-XXXXXX");
      failed = mkdtemp(path.data()) == nullptr ? -1 : 0;
    }
    if (failed != 0) return Error::Errno("making ", path);
    made_.push_back(path);
    at_ = path;
    return Ok();
  }
  const std::string& innermost() const { return at_; }

 private:
  std::string at_;
  std::vector<std::string> made_;
};

Result<ScopedFd> MakeRemoved(const std::string& path) {
  std::vector<std::string> names;
  std::string base = path;
  do {
    const size_t slash = base.rfind('/');
    names.push_back(base.substr(slash + 1));
    base.resize(slash);
  } while (!base.empty() && !IsDirectory(base));
  ScopedDirectories made(base);
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    RETURN_IF_ERROR(made.Descend(*name));
  return OpenFile(made.innermost(), O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<ScopedFd> RemovedDirectoryObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const RemovedDirectoryState state,
                   Decode<RemovedDirectoryState>(value, kRemovedDirectory));
  if (!state.path.starts_with('/') || state.path.find('\0') != std::string::npos)
    return Error(ErrorCode::kBadImage, "removed_directory.path is not an absolute path");
  const std::string path = context.MovedPath(state.path);
  Result<ScopedFd> made = MakeRemoved(path);
  if (!made.has_value()) {
    context.Warn(StrCat("the job uses a removed directory that was ", path,
                        ", which cannot be made there (", made.error().ToString(),
                        "): for the job it was in /tmp"));
    made = MakeRemoved("/tmp/removed");
  }
  ASSIGN_OR_RETURN(ScopedFd directory, std::move(made), "making a removed directory");
  struct stat st = {};
  if (fstat(directory.get(), &st) != 0) return Error::Errno("fstat of a removed directory");
  if ((st.st_uid != state.uid || st.st_gid != state.gid) &&
      fchown(directory.get(), state.uid, state.gid) != 0)
    context.Warn(StrCat("the removed directory ", path, " belonged to user ", state.uid,
                        ", and is the restorer's now"));
  if (fchmod(directory.get(), state.mode) != 0)
    return Error::Errno("fchmod of a removed directory");
  return directory;
}

}  // namespace tardigrade::directory
