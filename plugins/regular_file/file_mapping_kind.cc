#include "plugins/regular_file/file_mapping_kind.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cctype>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/mapped_contents.h"
#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/open_file.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::regular_file {
namespace {

// What has a path in maps and is no file: ipc/shm.c, mm/memfd.c, mm/shmem.c, mm/hugetlb.c,
// mm/secretmem.c, fs/aio.c.
constexpr std::string_view kNoFiles[] = {"/SYSV", "/memfd:", "/anon_hugepage", "/secretmem",
                                         "/[aio]"};
// Of /dev, only these directories hold files.
constexpr std::string_view kFilesInDev[] = {"/dev/shm/", "/dev/hugepages/", "/dev/mqueue/"};

std::string Where(const MemoryMapping& mapping) {
  return StrCat("the mapping of ", mapping.path, " at ", Hex(mapping.start));
}

// A nameless file whose changes nobody else can see, or that nobody changes.
Status CheckNameless(const MemoryMapping& mapping, int local_fd) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat of ", Where(mapping));
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kUnsupported,
                 StrCat(Where(mapping), " is not of a regular file, and cannot be saved"));
  struct statfs fs = {};
  if (fstatfs(local_fd, &fs) != 0) return Error::Errno("fstatfs of ", Where(mapping));
  if (fs.f_type == HUGETLBFS_MAGIC)
    return Error(ErrorCode::kUnsupported,
                 StrCat(Where(mapping),
                        " is of a deleted file of huge pages, which cannot "
                        "be saved yet; keep its name, or use anonymous huge pages"));
  if (st.st_nlink != 0 && mapping.shared)
    return Error(ErrorCode::kUnsupported,
                 StrCat(Where(mapping),
                        " is shared, and the file is now reached under "
                        "another name only; put it back under its old one"));
  return Ok();
}

Status CheckContents(const FileMappingState& state, const std::string& path, int local_fd,
                     CreateContext& context) {
  ASSIGN_OR_RETURN(const FileIdentity now, ReadIdentity(local_fd, !state.identity.build_id.empty()),
                   "of ", path);
  const std::string way_out = StrCat(
      "; put back the file the job had mapped, or name it with --set-file ", state.path, "=NEW");
  if (now.size < state.bytes_needed)
    return Error(ErrorCode::kUnsupported, StrCat(path, " is too short for its mapping: ",
                                                 DescribeChange(state.identity, now), way_out));
  const bool same_build = !now.build_id.empty() && now.build_id == state.identity.build_id;
  if (now == state.identity || (same_build && now.size == state.identity.size)) return Ok();
  const std::string change = StrCat(path, " has changed: ", DescribeChange(state.identity, now));
  if (!state.shared) return Error(ErrorCode::kUnsupported, StrCat(change, way_out));
  context.Warn(StrCat(change, "; the job goes on with it as it is"));
  return Ok();
}

}  // namespace

bool FileMappingKind::Claims(const MemoryMapping& mapping) const {
  const std::string_view path = mapping.path;
  const auto starts_path = [path](std::string_view prefix) { return path.starts_with(prefix); };
  if (!path.starts_with('/') || mapping.inode == 0) return false;
  if (std::any_of(std::begin(kNoFiles), std::end(kNoFiles), starts_path)) return false;
  return !path.starts_with("/dev/") ||
         std::any_of(std::begin(kFilesInDev), std::end(kFilesInDev), starts_path);
}

Status FileMappingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  const std::optional<std::string> path = ReachMappedPath(pid, mapping);
  if (!path.has_value()) {
    const Result<ScopedFd> nameless = OpenMappedFile(pid, mapping);
    if (nameless.has_value()) return CheckNameless(mapping, nameless.value().get());
    if (!mapping.deleted) return nameless.error();
    return Ok();  // AddMappedContents()
  }
  struct stat st = {};
  if (stat(path->c_str(), &st) != 0) return Error::Errno("stat of ", *path);
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kUnsupported,
                 StrCat(Where(mapping), " is not of a regular file, and cannot be saved"));
  return Ok();
}

Result<MappingState> FileMappingKind::Collect(pid_t pid, const MemoryMapping& mapping,
                                              CollectContext& context) const {
  FileMappingState state;
  state.path = mapping.path;
  state.shared = mapping.shared;
  state.writable = mapping.shared && MappingMayWrite(pid, mapping);
  const std::optional<std::string> path = ReachMappedPath(pid, mapping);
  ScopedFd file;
  if (path.has_value()) {
    ASSIGN_OR_RETURN(file, OpenFile(*path, O_RDONLY), "reading what is mapped at ",
                     Hex(mapping.start));
  } else {
    Result<ScopedFd> nameless = OpenMappedFile(pid, mapping);
    if (nameless.has_value()) {
      file = std::move(nameless).value();
      RETURN_IF_ERROR(CheckNameless(mapping, file.get()));
      ASSIGN_OR_RETURN(state.object, AddDeletedFile(file.get(), mapping.path, context));
    } else if (mapping.deleted) {
      ASSIGN_OR_RETURN(state.object, AddMappedContents(pid, mapping, context));
    } else {
      return nameless.error();
    }
  }
  if (file.valid()) {
    ASSIGN_OR_RETURN(state.identity, ReadIdentity(file.get(), /*with_build_id=*/true));
    state.bytes_needed = std::min(state.identity.size, mapping.offset + mapping.size_bytes());
  }
  return MappingState{.pages = mapping.shared ? PagePolicy::kNone : PagePolicy::kPrivate,
                      .state = Encode(state)};
}

Result<std::optional<ScopedFd>> FileMappingKind::OpenBacking(const Value& value,
                                                             CreateContext& context) const {
  ASSIGN_OR_RETURN(const FileMappingState state, Decode<FileMappingState>(value, "file"));
  const int flags = state.shared && state.writable ? O_RDWR : O_RDONLY;
  if (!state.object.empty()) {
    ASSIGN_OR_RETURN(const int object, context.Object(state.object));
    OpenFileState open;
    open.flags = static_cast<uint64_t>(flags);
    ASSIGN_OR_RETURN(ScopedFd file, ReopenAs(object, open));
    return std::optional(std::move(file));
  }
  const std::string path = context.MovedPath(state.path);
  ASSIGN_OR_RETURN(ScopedFd file, OpenFile(path, flags | O_NOCTTY | O_NONBLOCK),
                   "the job had this file mapped; --set-file ", state.path, "=NEW names another");
  struct stat st = {};
  if (fstat(file.get(), &st) != 0) return Error::Errno("fstat ", path);
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kUnsupported, StrCat(path, " is no longer a regular file"));
  RETURN_IF_ERROR(CheckContents(state, path, file.get(), context));
  return std::optional(std::move(file));
}

}  // namespace tardigrade::regular_file
