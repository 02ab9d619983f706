#include "plugins/regular_file/deleted_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::regular_file {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

Result<ScopedFd> MakeNameless(const std::string& directory) {
  Result<ScopedFd> unnamed = OpenFile(directory, O_TMPFILE | O_RDWR, 0600);
  if (unnamed.has_value()) return unnamed;
  // Not every file system has O_TMPFILE.
  std::string path = StrCat(directory, "/.tardigrade-XXXXXX");
  ScopedFd named(mkostemp(path.data(), O_CLOEXEC));
  if (!named.valid()) return Error::Errno("making a temporary file in ", directory);
  unlink(path.c_str());
  return named;
}

Result<ScopedFd> MakeNamelessSomewhere(const DeletedFileState& state, CreateContext& context) {
  const std::string directory = context.MovedPath(state.directory);
  Result<ScopedFd> made = MakeNameless(directory);
  if (made.has_value()) return made;
  return MakeNameless("/tmp");
}

}  // namespace

Result<ScopedFd> DeletedFileObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const DeletedFileState state, Decode<DeletedFileState>(value, "deleted_file"));
  ASSIGN_OR_RETURN(ScopedFd file, MakeNamelessSomewhere(state, context));
  RETURN_IF_ERROR(context.attachments().FillFile(state.contents, file.get()),
                  "filling a deleted file of ", state.directory);
  if (fchmod(file.get(), state.mode) != 0) return Error::Errno("fchmod");
  const int64_t ns = ((state.mtime_ns % kNsPerSecond) + kNsPerSecond) % kNsPerSecond;
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                             {.tv_sec = (state.mtime_ns - ns) / kNsPerSecond, .tv_nsec = ns}};
  if (futimens(file.get(), times) != 0) return Error::Errno("setting the time of a deleted file");
  return file;
}

Result<std::string> AddDeletedFile(int local_fd, const std::string& path, CollectContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat ", path);
  const auto collect = [&]() -> Result<Value> {
    DeletedFileState state;
    const size_t slash = path.rfind('/');
    state.directory = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
    state.mode = st.st_mode & 07777;
    state.mtime_ns = st.st_mtim.tv_sec * kNsPerSecond + st.st_mtim.tv_nsec;
    ASSIGN_OR_RETURN(state.contents, context.attachments().PutFile(local_fd));
    return Encode(state);
  };
  std::string key = InodeKey(st);
  RETURN_IF_ERROR(context.AddObject(key, "deleted_file", collect), "saving the deleted file ",
                  path);
  return key;
}

}  // namespace tardigrade::regular_file
