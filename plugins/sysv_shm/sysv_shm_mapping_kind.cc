#include "plugins/sysv_shm/sysv_shm_mapping_kind.h"

#include <sys/mman.h>
#include <sys/shm.h>

#include <optional>

#include "plugins/sysv_shm/sysv_shm_state.h"
#include "supervisor/base/file_io.h"
#include "supervisor/resource/tracee_files.h"

namespace tardigrade::sysv_shm {
namespace {

// The device of shared memory in small pages, as maps shows it: that of any anonymous one (mm/shmem.c,
// shm_mnt).  Segments of huge pages (SHM_HUGETLB) are on another.
Result<uint64_t> SmallPagesDevice() {
  constexpr size_t kBytes = 4096;
  void* const at = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error::Errno("mapping shared memory");
  const Result<std::string> text = ReadFile("/proc/self/maps");
  munmap(at, kBytes);
  RETURN_IF_ERROR(text);
  ASSIGN_OR_RETURN(const std::vector<MemoryMapping> maps, ParseMaps(text.value()));
  const auto address = reinterpret_cast<uint64_t>(at);
  for (const MemoryMapping& mapping : maps) {
    if (mapping.start <= address && address < mapping.end) return mapping.dev;
  }
  return Error(ErrorCode::kInternal, "shared memory is not in maps");
}

Result<uint64_t> SizeOf(pid_t pid, int id) {
  shmid_ds segment = {};
  int error = 0;
  // SHM_STAT takes an index, SHM_STAT_ANY as well; the id's is its lower part (ipc/util.h).
  RETURN_IF_ERROR(InIpcNamespaceOf(
      pid, [&] { error = shmctl(id, IPC_STAT, &segment) == 0 ? 0 : errno; }));
  errno = error;
  if (error != 0)
    return Error::Errno("shmctl(IPC_STAT) of segment ", id,
                        "; was it attached in another IPC namespace, or may only others read it?");
  return static_cast<uint64_t>(segment.shm_segsz);
}

}  // namespace

bool IsSysvShm(const MemoryMapping& mapping) {
  return mapping.shared && mapping.deleted && mapping.path.starts_with("/SYSV");
}

bool SysvShmMappingKind::Claims(const MemoryMapping& mapping) const { return IsSysvShm(mapping); }

Status SysvShmMappingKind::Check(pid_t pid, const MemoryMapping& mapping) const {
  ASSIGN_OR_RETURN(const uint64_t device, SmallPagesDevice());
  if (mapping.dev != device)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the System V shared memory segment ", mapping.inode,
                        " is of huge pages (SHM_HUGETLB), which cannot be saved yet; use one of small "
                        "pages, or an anonymous mapping of huge ones"));
  RETURN_IF_ERROR(SizeOf(pid, static_cast<int>(mapping.inode)));
  return Ok();
}

Result<MappingState> SysvShmMappingKind::Collect(pid_t pid, const MemoryMapping& mapping,
                                                 CollectContext&) const {
  AttachmentState state;
  state.id = static_cast<int32_t>(mapping.inode);
  state.writable = MappingMayWrite(pid, mapping);
  ASSIGN_OR_RETURN(state.bytes, SizeOf(pid, state.id));
  return MappingState{.pages = PagePolicy::kNone,
                      .state = Encode(state),
                      .object = StrCat("sysv_shm:", state.id, state.writable ? "" : ":read")};
}

Result<uint64_t> SysvShmMappingKind::AttachedBytes(const Value& value) const {
  ASSIGN_OR_RETURN(const auto state, Decode<AttachmentState>(value, "sysv_shm_mapping"));
  return (state.bytes + 4095) & ~uint64_t{4095};
}

Status SysvShmMappingKind::Attach(const Value& value, uint64_t address) const {
  ASSIGN_OR_RETURN(const auto state, Decode<AttachmentState>(value, "sysv_shm_mapping"));
  shmid_ds segment = {};
  if (shmctl(state.id, IPC_STAT, &segment) != 0 || segment.shm_segsz != state.bytes)
    return Error(ErrorCode::kBadImage,
                 StrCat("the image has no segment ", state.id, " of ", state.bytes, " bytes"));
  void* const at = reinterpret_cast<void*>(address);
  if (shmat(state.id, at, state.writable ? 0 : SHM_RDONLY) != at)
    return Error::Errno("shmat of segment ", state.id);
  return Ok();
}

Result<std::optional<ScopedFd>> SysvShmMappingKind::OpenBacking(const Value& state,
                                                                CreateContext&) const {
  RETURN_IF_ERROR(Decode<AttachmentState>(state, "sysv_shm_mapping"));
  return std::optional<ScopedFd>();
}

}  // namespace tardigrade::sysv_shm
