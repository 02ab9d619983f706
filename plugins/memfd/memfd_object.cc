#include "plugins/memfd/memfd_object.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "plugins/memfd/memfd_state.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::memfd {
namespace {

constexpr std::string_view kPrefix = "/memfd:";

// include/uapi/linux/memfd.h and fcntl.h, since 6.3; not in every libc.
constexpr unsigned kMfdNoexecSeal = 0x8;
constexpr unsigned kMfdExec = 0x10;
constexpr uint32_t kSealExec = 0x20;

Result<ScopedFd> MakeEmpty(const MemfdContents& state) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned executable =
      (state.seals & kSealExec) != 0 && (state.mode & 0111) == 0 ? kMfdNoexecSeal : kMfdExec;
  ScopedFd file(memfd_create(state.name.c_str(), kFlags | executable));
  if (!file.valid() && errno == EINVAL) file.Reset(memfd_create(state.name.c_str(), kFlags));
  if (!file.valid()) return Error::Errno("memfd_create of \"", state.name, "\"");
  return file;
}

}  // namespace

Result<ScopedFd> MemfdObject::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const MemfdContents state, Decode<MemfdContents>(value, "memfd"));
  ASSIGN_OR_RETURN(ScopedFd file, MakeEmpty(state));
  RETURN_IF_ERROR(context.attachments().FillFile(state.contents, file.get()), "filling memfd \"",
                  state.name, "\"");
  const bool mode_sealed = (static_cast<uint32_t>(fcntl(file.get(), F_GET_SEALS)) & kSealExec) != 0;
  // F_SEAL_EXEC forbids to change the executable bits, which are off then.
  if (fchmod(file.get(), mode_sealed ? state.mode & ~0111u : state.mode) != 0)
    return Error::Errno("fchmod of a memfd");
  if (state.seals != 0 && fcntl(file.get(), F_ADD_SEALS, state.seals) != 0)
    return Error::Errno("sealing memfd \"", state.name, "\" with ", Hex(state.seals));
  return file;
}

bool IsMemfdPath(std::string_view path) { return path.starts_with(kPrefix); }

Status CheckMemfd(int local_fd, const std::string& path) {
  struct statfs fs = {};
  if (fstatfs(local_fd, &fs) != 0) return Error::Errno("fstatfs of ", path);
  if (fs.f_type == HUGETLBFS_MAGIC)
    return Error(ErrorCode::kUnsupported,
                 StrCat(path,
                        " is a memfd of huge pages (MFD_HUGETLB), which cannot be saved "
                        "yet; use anonymous huge pages or a memfd of small ones"));
  return Ok();
}

Result<std::string> AddMemfd(int local_fd, const std::string& path, CollectContext& context) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat of ", path);
  const auto collect = [&]() -> Result<Value> {
    MemfdContents state;
    state.name = WithoutDeletedSuffix(path).substr(kPrefix.size());
    state.mode = st.st_mode & 07777;
    const int seals = fcntl(local_fd, F_GET_SEALS);
    if (seals < 0) return Error::Errno("F_GET_SEALS");
    state.seals = static_cast<uint32_t>(seals);
    ASSIGN_OR_RETURN(state.contents, context.attachments().PutFile(local_fd));
    return Encode(state);
  };
  std::string key = InodeKey(st);
  RETURN_IF_ERROR(context.AddObject(key, "memfd", collect), "saving ", path);
  return key;
}

}  // namespace tardigrade::memfd
