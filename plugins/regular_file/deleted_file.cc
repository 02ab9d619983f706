#include "plugins/regular_file/deleted_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::regular_file {
namespace {

struct Nameless {
  ScopedFd fd;
  bool is_tmpfile = false;
};

Result<Nameless> MakeNameless(const std::string& directory) {
  Result<ScopedFd> unnamed = OpenFile(directory, O_TMPFILE | O_RDWR, 0600);
  if (unnamed.has_value()) return Nameless{std::move(unnamed).value(), true};
  // Not every file system has O_TMPFILE.
  std::string path = StrCat(directory, "/.tardigrade-XXXXXX");
  ScopedFd named(mkostemp(path.data(), O_CLOEXEC));
  if (!named.valid()) return Error::Errno("making a temporary file in ", directory);
  unlink(path.c_str());
  return Nameless{std::move(named), false};
}

// Where its directory is gone, in the nearest that is left: it most likely is of the same file
// system.
Result<Nameless> MakeNamelessSomewhere(const DeletedFileState& state, CreateContext& context) {
  const std::string wanted = context.MovedPath(state.directory);
  for (std::string directory = wanted; !directory.empty();
       directory = directory.substr(0, directory.rfind('/'))) {
    Result<Nameless> made = MakeNameless(directory);
    if (made.has_value()) return made;
    if (directory.find('/') == std::string::npos) break;
  }
  ASSIGN_OR_RETURN(Nameless made, MakeNameless("/tmp"));
  context.Warn(StrCat("a file without a name was in ", wanted,
                      ", where none can be made here; it is in /tmp"));
  return made;
}

}  // namespace

Result<ScopedFd> DeletedFileObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const DeletedFileState state, Decode<DeletedFileState>(value, "deleted_file"));
  ASSIGN_OR_RETURN(Nameless file, MakeNamelessSomewhere(state, context));
  RETURN_IF_ERROR(context.attachments().FillFile(state.contents, file.fd.get()),
                  "filling a deleted file of ", state.directory);
  // Before its mode, which may forbid it.
  ScopedFd object;
  if (file.is_tmpfile) {
    ASSIGN_OR_RETURN(object, Reopen(file.fd.get(), O_RDWR));
  }
  RETURN_IF_ERROR(SetAttributes(state.attributes, StrCat("a deleted file of ", state.directory),
                                file.fd.get(), context));
  if (!file.is_tmpfile) return std::move(file.fd);
  context.SetAside(state.key, std::move(file.fd));
  return object;
}

Result<std::string> AddDeletedFile(int local_fd, const std::string& path, CollectContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat ", path);
  std::string key = InodeKey(st);
  const auto collect = [&]() -> Result<Value> {
    DeletedFileState state;
    state.key = key;
    const size_t slash = path.rfind('/');
    state.directory = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
    ASSIGN_OR_RETURN(state.attributes, ReadAttributes(local_fd));
    ASSIGN_OR_RETURN(state.contents, context.attachments().PutFile(local_fd));
    return Encode(state);
  };
  RETURN_IF_ERROR(context.AddObject(key, "deleted_file", collect), "saving the deleted file ",
                  path);
  return key;
}

}  // namespace tardigrade::regular_file
