#include "plugins/regular_file/file_mapping_kind.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/mapped_contents.h"
#include "plugins/regular_file/regular_file_state.h"
#include "plugins/regular_file/saved_file.h"
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

// Where a file with a name is: as the process knows it, and as it is reached from here.
struct Place {
  std::string name;
  std::string path;
};

// Also by another name in the same directory.
std::optional<Place> LookForPlace(pid_t pid, const MemoryMapping& mapping) {
  if (std::optional<std::string> path = ReachMappedPath(pid, mapping); path.has_value())
    return Place{mapping.path, std::move(*path)};
  std::optional<std::string> name = FindOtherName(pid, mapping);
  if (!name.has_value()) return std::nullopt;
  std::string path = StrCat("/proc/", pid, "/root", *name);
  return Place{std::move(*name), std::move(path)};
}

// A file that a process has mapped, perhaps several times, and what is known of it.
struct MappedFile {
  std::optional<Place> place;  // None: it has no name.
  bool is_regular = false;     // Seen to be.
  std::optional<FileIdentity> identity;  // With its build id.
};

// The mappings of a process come in the order of their addresses, several of each file: what was
// found on this pass need not be looked for again.
MappedFile& FindFile(pid_t pid, const MemoryMapping& mapping) {
  struct Pass {
    pid_t pid = 0;
    uint64_t last_start = 0;
    std::map<std::tuple<uint64_t, uint64_t, std::string, bool>, MappedFile> found = {};
  };
  thread_local Pass pass;
  if (pass.pid != pid || mapping.start <= pass.last_start) pass = Pass{.pid = pid};
  pass.last_start = mapping.start;
  const auto [at, is_new] =
      pass.found.try_emplace({mapping.dev, mapping.inode, mapping.path, mapping.deleted});
  if (is_new) at->second.place = LookForPlace(pid, mapping);
  return at->second;
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
    return Error(
        ErrorCode::kUnsupported,
        StrCat(
            Where(mapping),
            " is shared, and the file is now reached under another name only, which is not in that "
            "directory; put it back under its old one"));
  return Ok();
}

// What one process has open and another only mapped must be known for the same, by numbers.
Status CheckMappedOnly(const MemoryMapping& mapping) {
  constexpr long kBtrfsMagic = 0x9123683e;  // BTRFS_SUPER_MAGIC
  struct statfs fs = {};
  std::string directory = mapping.path;
  do {
    directory.resize(directory.rfind('/'));
  } while (statfs(directory.empty() ? "/" : directory.c_str(), &fs) != 0 && !directory.empty());
  if (!mapping.shared || (fs.f_type != OVERLAYFS_SUPER_MAGIC && fs.f_type != kBtrfsMagic))
    return Ok();
  return Error(ErrorCode::kUnsupported, StrCat(Where(mapping),
                                               " is shared, of a file without a name on a file "
                                               "system whose numbers (maps) are not those of "
                                               "stat(2), and the process has no descriptor of it: "
                                               "snapshot as root (CAP_CHECKPOINT_RESTORE)"));
}

Status WarnOfOtherName(const MemoryMapping& mapping, int local_fd, CollectContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat of ", Where(mapping));
  if (st.st_nlink != 0)
    context.Warn(StrCat(mapping.path,
                        " has another name, which is not known: the image has a copy of it, and a "
                        "restored job has that mapped"));
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
  if (!state.copy.empty()) return CheckIsSavedFile(state.copy, path, local_fd, context);
  const bool same_build = !now.build_id.empty() && now.build_id == state.identity.build_id;
  if (now == state.identity || (same_build && now.size == state.identity.size)) return Ok();
  const std::string change = StrCat(path, " has changed: ", DescribeChange(state.identity, now));
  const ChangedFiles policy = context.changed_files();
  // A process does not survive other code under its feet.
  if (!state.shared && !state.identity.build_id.empty())
    return Error(ErrorCode::kUnsupported, StrCat(change, way_out));
  if (policy == ChangedFiles::kRefuse || (!state.shared && policy != ChangedFiles::kWarn))
    return Error(ErrorCode::kUnsupported,
                 StrCat(change, way_out,
                        ", or restore with --changed-files warn to go on with it as it is"));
  context.Warn(StrCat(change, "; the job goes on with it as it is"));
  return Ok();
}

// Shared memory is the job's own; of what it has mapped privately, what it changes and is no
// program.
bool IsOwn(const MemoryMapping& mapping, const FileIdentity& identity) {
  return mapping.shared || ((mapping.prot & PROT_WRITE) != 0 && identity.build_id.empty());
}

MappingState Describe(const MemoryMapping& mapping, const FileIdentity& identity, FileMappingState state) {
  state.identity = identity;
  state.bytes_needed = std::min(identity.size, mapping.offset + mapping.size_bytes());
  return {.pages = mapping.shared ? PagePolicy::kNone : PagePolicy::kPrivate, .state = Encode(state)};
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
  MappedFile& file = FindFile(pid, mapping);
  const std::optional<Place>& place = file.place;
  if (!place.has_value()) {
    const Result<ScopedFd> nameless = OpenMappedFile(pid, mapping);
    if (nameless.has_value()) return CheckNameless(mapping, nameless.value().get());
    if (!mapping.deleted) return nameless.error();
    return CheckMappedOnly(mapping);
  }
  if (file.is_regular) return Ok();
  struct stat st = {};
  if (stat(place->path.c_str(), &st) != 0) return Error::Errno("stat of ", place->path);
  if (!S_ISREG(st.st_mode))
    return Error(ErrorCode::kUnsupported,
                 StrCat(Where(mapping), " is not of a regular file, and cannot be saved"));
  file.is_regular = true;
  return Ok();
}

Result<MappingState> FileMappingKind::Collect(pid_t pid, const MemoryMapping& mapping,
                                              CollectContext& context) const {
  FileMappingState state;
  state.path = mapping.path;
  state.shared = mapping.shared;
  state.writable = mapping.shared && MappingMayWrite(pid, mapping);
  MappedFile& known = FindFile(pid, mapping);
  const bool need_not_open = known.identity.has_value() &&
                             !(context.save_files() && IsOwn(mapping, *known.identity));
  ScopedFd file;
  if (known.place.has_value()) {
    state.path = known.place->name;
    if (need_not_open) return Describe(mapping, *known.identity, std::move(state));
    ASSIGN_OR_RETURN(file, OpenFile(known.place->path, O_RDONLY), "reading what is mapped at ",
                     Hex(mapping.start));
  } else {
    Result<ScopedFd> nameless = OpenMappedFile(pid, mapping);
    if (nameless.has_value()) {
      file = std::move(nameless).value();
      RETURN_IF_ERROR(CheckNameless(mapping, file.get()));
      ASSIGN_OR_RETURN(state.object, AddDeletedFile(file.get(), mapping.path, context));
      RETURN_IF_ERROR(WarnOfOtherName(mapping, file.get(), context));
    } else if (mapping.deleted) {
      ASSIGN_OR_RETURN(state.object, AddMappedContents(pid, mapping, context));
      if (state.writable)
        context.Warn(
            StrCat(mapping.path,
                   " is only mapped, and counts as deleted: whether it has another name by now "
                   "can only be seen by root (CAP_CHECKPOINT_RESTORE); a restored job "
                   "writes to a file of its own"));
    } else {
      return nameless.error();
    }
  }
  if (!file.valid()) return Describe(mapping, FileIdentity(), std::move(state));
  ASSIGN_OR_RETURN(const FileIdentity identity, ReadIdentity(file.get(), /*with_build_id=*/true));
  if (known.place.has_value()) known.identity = identity;
  if (context.save_files() && state.object.empty() && IsOwn(mapping, identity)) {
    ASSIGN_OR_RETURN(state.copy, AddSavedFile(file.get(), state.path, context));
  }
  return Describe(mapping, identity, std::move(state));
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
  if (!state.copy.empty()) RETURN_IF_ERROR(context.Object(state.copy));
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
