#include "plugins/regular_file/saved_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::regular_file {
namespace {

constexpr int kMostNames = 1000;

// A file that is about to get its name; gone with this guard unless it got it.
class ScopedNewFile {
 public:
  static Result<ScopedNewFile> Create(const std::string& beside) {
    std::string path = StrCat(beside.substr(0, beside.rfind('/')), "/.tardigrade-XXXXXX");
    ScopedFd fd(mkostemp(path.data(), O_CLOEXEC));
    if (!fd.valid()) return Error::Errno("making a file beside ", beside);
    return ScopedNewFile(std::move(path), std::move(fd));
  }
  ~ScopedNewFile() {
    if (fd_.valid()) unlink(path_.c_str());
  }
  ScopedNewFile(ScopedNewFile&& other) = default;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

  Status Replace(const std::string& path) {
    if (rename(path_.c_str(), path.c_str()) != 0) return Error::Errno("putting back ", path);
    fd_.Reset();
    return Ok();
  }

 private:
  ScopedNewFile(std::string path, ScopedFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  ScopedFd fd_;
};

// What is wrong with the file at `path`; nullopt if it is the one that was saved.
Result<std::optional<std::string>> Difference(const SavedFileState& state, const std::string& path,
                                              CreateContext& context) {
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) {
    if (errno != ENOENT) return Error::Errno("looking for ", path);
    return std::optional(StrCat(path, " is missing"));
  }
  if (!S_ISREG(st.st_mode)) return std::optional(StrCat(path, " is no longer a regular file"));
  ASSIGN_OR_RETURN(const ScopedFd file, OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  ASSIGN_OR_RETURN(const FileIdentity now, ReadIdentity(file.get(), /*with_build_id=*/false));
  if (!(now == state.identity))
    return std::optional(StrCat(path, " has changed: ", DescribeChange(state.identity, now)));
  // A page that is mapped and was written to before does not change the time: file_update_time() is
  // called by the fault alone (mm/memory.c, fault_dirty_shared_page()).
  ASSIGN_OR_RETURN(const bool same, context.attachments().HasContents(state.contents, file.get()));
  if (same) return std::optional<std::string>();
  return std::optional(StrCat(path, " has other contents than it had, of the same size and time"));
}

// Gives what is at `path` one more name, which it returns.
Result<std::string> NameDisplaced(const std::string& path) {
  for (int i = 1; i < kMostNames; ++i) {
    std::string name = StrCat(path, ".before-restore", i == 1 ? "" : StrCat(".", i));
    if (link(path.c_str(), name.c_str()) == 0) return name;
    if (errno != EEXIST) return Error::Errno("keeping the present ", path, " as ", name);
  }
  return Error(ErrorCode::kUnsupported, StrCat("there are ", kMostNames, " files ", path,
                                               ".before-restore; move them away"));
}

Status PutBack(const SavedFileState& state, const std::string& path, CreateContext& context) {
  ASSIGN_OR_RETURN(ScopedNewFile made, ScopedNewFile::Create(path));
  RETURN_IF_ERROR(context.attachments().FillFile(state.contents, made.fd()), "filling ", path);
  RETURN_IF_ERROR(SetAttributes(state.attributes, path, made.fd(), context));
  struct stat st = {};
  if (lstat(path.c_str(), &st) != 0) {
    // Not by rename(2): what appears there meanwhile is somebody's.
    if (link(made.path().c_str(), path.c_str()) != 0) return Error::Errno("putting back ", path);
    context.Warn(StrCat(path, " was missing; it is the copy from the image now"));
    return context.NotePlaced(path, "");
  }
  if (S_ISDIR(st.st_mode))
    return Error(ErrorCode::kUnsupported, StrCat(path, " is a directory now"));
  ASSIGN_OR_RETURN(const std::string displaced, NameDisplaced(path));
  Status noted = context.NotePlaced(path, displaced);
  if (noted.has_value()) noted = made.Replace(path);
  if (!noted.has_value()) {
    unlink(displaced.c_str());
    return noted;
  }
  context.Warn(StrCat(
      path,
      " had changed since the snapshot; it is the copy from the image now, and what was there is ",
      displaced, st.st_nlink > 1 ? ", as are its other names" : ""));
  return Ok();
}

Status Decide(const SavedFileState& state, const std::string& path, const std::string& difference,
              bool is_there, CreateContext& context) {
  switch (context.changed_files()) {
    case ChangedFiles::kPutBack:
      return PutBack(state, path, context);
    case ChangedFiles::kWarn:
      if (!is_there) break;
      context.Warn(StrCat(difference, "; the job goes on with it as it is"));
      return Ok();
    case ChangedFiles::kAutomatic:
    case ChangedFiles::kRefuse:
      break;
  }
  return Error(ErrorCode::kUnsupported,
               StrCat(difference, "; --changed-files put-back puts the copy from the image there",
                      is_there ? " and keeps the present file beside it, --changed-files warn goes "
                                 "on with the present file"
                               : StrCat(", --set-file ", state.path, "=NEW names another file")));
}

}  // namespace

Result<ScopedFd> SavedFileObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const SavedFileState state, Decode<SavedFileState>(value, "saved_file"));
  if (!state.path.starts_with('/') || state.path.find('\0') != std::string::npos)
    return Error(ErrorCode::kBadImage, "saved_file.path is not an absolute path");
  // If a link stands there now, what counts is where it leads.
  const std::string path = WithoutLinks(context.MovedPath(state.path), O_NOFOLLOW);
  ASSIGN_OR_RETURN(const std::optional<std::string> difference, Difference(state, path, context));
  struct stat st = {};
  const bool is_there = stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
  if (difference.has_value()) RETURN_IF_ERROR(Decide(state, path, *difference, is_there, context));
  return OpenFile(path, O_PATH);
}

Result<std::string> AddSavedFile(int local_fd, const std::string& path, CollectContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat ", path);
  const auto collect = [&]() -> Result<Value> {
    SavedFileState state;
    state.path = path;
    ASSIGN_OR_RETURN(state.identity, ReadIdentity(local_fd, /*with_build_id=*/false));
    ASSIGN_OR_RETURN(state.attributes, ReadAttributes(local_fd));
    ASSIGN_OR_RETURN(state.contents, context.attachments().PutFile(local_fd));
    return Encode(state);
  };
  std::string key = StrCat("saved_", InodeKey(st));
  RETURN_IF_ERROR(context.AddObject(key, "saved_file", collect), "saving a copy of ", path);
  return key;
}

Status CheckIsSavedFile(const std::string& key, const std::string& path, int local_fd,
                        CreateContext& context) {
  ASSIGN_OR_RETURN(const int saved, context.Object(key));
  struct stat st = {}, st_saved = {};
  if (fstat(local_fd, &st) != 0 || fstat(saved, &st_saved) != 0)
    return Error::Errno("fstat ", path);
  if (st.st_dev == st_saved.st_dev && st.st_ino == st_saved.st_ino) return Ok();
  const std::string what = StrCat(path,
                                  " was one of several names of a file that the job had open by "
                                  "more than one, and is a file of "
                                  "its own now");
  if (context.changed_files() != ChangedFiles::kWarn)
    return Error(
        ErrorCode::kUnsupported,
        StrCat(what,
               "; make it a link to the same file (ln), or restore with --changed-files warn"));
  context.Warn(what);
  return Ok();
}

}  // namespace tardigrade::regular_file
