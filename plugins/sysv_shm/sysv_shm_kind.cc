#include "plugins/sysv_shm/sysv_shm_kind.h"

#include <fcntl.h>
#include <sys/shm.h>

#include <charconv>
#include <ios>
#include <map>

#include "plugins/sysv_shm/segment_contents.h"
#include "plugins/sysv_shm/sysv_shm_mapping_kind.h"
#include "plugins/sysv_shm/sysv_shm_state.h"
#include "supervisor/base/file_io.h"

namespace tardigrade::sysv_shm {
namespace {

constexpr const char* kWhat = "the System V shared memory segment";
constexpr int64_t kDest = 01000, kLocked = 02000;  // include/uapi/linux/shm.h

// A segment of the job.
struct Segment {
  const SysvIpcRow* row;
  int64_t attachments = 0;  // The job's: mappings, as nattch counts them.
  const MemoryMapping* mapping = nullptr;  // One of them,
  pid_t pid = -1;                          // and whose.
};

// All attached ones of the job, by id.
std::map<int64_t, Segment> Attached(const JobFacts& job) {
  std::map<int64_t, Segment> attached;
  for (const JobMember& member : job.members) {
    for (const MemoryMapping& mapping : member.mappings) {
      if (!IsSysvShm(mapping)) continue;
      Segment& segment = attached[static_cast<int64_t>(mapping.inode)];
      ++segment.attachments;
      segment.mapping = &mapping;
      segment.pid = member.pid;
    }
  }
  return attached;
}

// What a supervisor makes to visit a process: this one's, or another's.
bool IsOfAVisit(const SysvIpcRow& row, const JobFacts& job) {
  return (static_cast<uint32_t>(row.at("key")) & kVisitKeyPrefixMask) == kVisitKeyPrefix &&
         (row.at("perms") & 0777) == 0700 && InnerPid(job, row.at("cpid"), row.at("ctime")) == 0;
}

std::vector<Segment> FindSegments(const JobFacts& job, const SysvNamespace& look) {
  std::map<int64_t, Segment> attached = Attached(job);
  std::vector<Segment> found;
  for (const SysvIpcRow& row : look.rows()) {
    const auto it = attached.find(row.at("shmid"));
    Segment segment = it == attached.end() ? Segment() : it->second;
    segment.row = &row;
    const bool left_by_job = row.at("nattch") == 0 && InnerPid(job, row.at("lpid"), std::max(row.at("atime"), row.at("dtime"))) != 0;
    const bool is_jobs = segment.attachments != 0 || look.is_jobs_own() ||
                         InnerPid(job, row.at("cpid"), row.at("ctime")) != 0 || left_by_job;
    if (is_jobs && !(segment.attachments == 0 && IsOfAVisit(row, job))) found.push_back(segment);
  }
  return found;
}

uint64_t WholePages(uint64_t bytes) { return (bytes + 4095) & ~uint64_t{4095}; }

SysvIdentity Identity(const Segment& segment) { return IdentityOf(*segment.row, "shmid"); }

// IPC_RMID takes the key away, but not from the name in maps: "/SYSV%08x" (ipc/shm.c, newseg()).
int32_t KeyItWasMadeWith(const MemoryMapping& mapping) {
  constexpr size_t kPrefix = 5;
  uint32_t key = 0;
  std::from_chars(mapping.path.data() + kPrefix, mapping.path.data() + mapping.path.size(), key, 16);
  return static_cast<int32_t>(key);
}

// Without a trace in the segment's times and pids, if the file behind it may be opened.
Result<FileContents> ReadFromFile(const Segment& segment, AttachmentWriter& attachments) {
  ASSIGN_OR_RETURN(const ScopedFd file,
                   OpenFile(StrCat("/proc/", segment.pid, "/map_files/", std::hex,
                                   segment.mapping->start, "-", segment.mapping->end),
                            O_RDONLY));
  return attachments.PutFile(file.get());
}

Result<FileContents> ReadContents(const Segment& segment, const SysvNamespace& look,
                                  CollectContext& context) {
  const uint64_t bytes = WholePages(static_cast<uint64_t>(segment.row->at("size")));
  // A file does not show what lies behind its end in its last page, but the job does.
  if (segment.mapping != nullptr && static_cast<int64_t>(bytes) == segment.row->at("size")) {
    Result<FileContents> contents = ReadFromFile(segment, context.attachments());
    if (contents.has_value()) return contents;
  }
  const int id = Identity(segment).id;
  void* at = nullptr;
  int error = 0;
  RETURN_IF_ERROR(look.Run([&] {
    at = shmat(id, nullptr, SHM_RDONLY);
    error = errno;
  }));
  errno = error;
  if (at == reinterpret_cast<void*>(-1)) return Error::Errno("reading the segment");
  const auto swap = segment.row->find("swap");
  Result<FileContents> contents =
      ReadSegment({static_cast<const std::byte*>(at), bytes},
                  swap == segment.row->end() || swap->second != 0, context.attachments());
  shmdt(at);
  return contents;
}

SysvMaking MakingOf(const SegmentState& state) {
  SysvMaking making;
  making.what = kWhat;
  making.next_id = "/proc/sys/kernel/shm_next_id";
  making.get = [&state](key_t key, int flags) { return shmget(key, flags == 0 ? 0 : state.bytes, flags); };
  making.remove = [](int id) { shmctl(id, IPC_RMID, nullptr); };
  making.find = [](int id) -> std::optional<ipc_perm> {
    shmid_ds segment = {};
    if (shmctl(id, IPC_STAT, &segment) != 0) return std::nullopt;
    return segment.shm_perm;
  };
  making.check_unused = [&state](int id) -> Status {
    shmid_ds segment = {};
    if (shmctl(id, IPC_STAT, &segment) != 0) return Error::Errno("shmctl(IPC_STAT)");
    if (segment.shm_segsz != state.bytes || segment.shm_nattch != 0)
      return Error(ErrorCode::kUnsupported,
                   segment.shm_nattch != 0
                       ? "it is there and others have it attached; end them, or restore into "
                         "namespaces of its own (--new-pid-namespace)"
                       : "one of another size is there; remove it (ipcrm)");
    return Ok();
  };
  making.set = [&state](int id) -> Status {
    shmid_ds segment = {};
    segment.shm_perm.uid = state.identity.uid;
    segment.shm_perm.gid = state.identity.gid;
    segment.shm_perm.mode = static_cast<unsigned short>(state.identity.mode);
    if (shmctl(id, IPC_SET, &segment) != 0) return Error::Errno("shmctl(IPC_SET)");
    return Ok();
  };
  return making;
}

Status MakeSegment(SegmentState state, CreateContext& context, MadeObjects& made) {
  // The key of a removed segment may be another's by now, or this job's next segment's.
  if (state.removed && shmget(state.identity.key, 0, 0) >= 0) state.identity.key = IPC_PRIVATE;
  RETURN_IF_ERROR(MakeSysvObject(state.identity, MakingOf(state), made));
  const int id = state.identity.id;
  void* const at = shmat(id, nullptr, 0);
  if (at == reinterpret_cast<void*>(-1)) return Error::Errno("shmat");
  const Status filled = FillSegment(state.contents, context.attachments(),
                                    {static_cast<std::byte*>(at), WholePages(state.bytes)});
  shmdt(at);
  RETURN_IF_ERROR(filled);
  if (state.locked && shmctl(id, SHM_LOCK, nullptr) != 0)
    return Error::Errno("SHM_LOCK (needs CAP_IPC_LOCK, or room under RLIMIT_MEMLOCK)");
  return Ok();
}

}  // namespace

Status SysvShmKind::Check(const JobFacts& job) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "shm"));
  for (const Segment& segment : FindSegments(job, look)) {
    // A running job may fork or end between one look and the other.
    if (!job.frozen || segment.row->at("nattch") <= segment.attachments) continue;
    return Error(ErrorCode::kUnsupported,
                 StrCat(DescribeSysv(kWhat, Identity(segment)),
                        " is also attached by a process that is not saved; snapshot with --tree if it "
                        "is a descendant, or end it first"));
  }
  return Ok();
}

Result<std::optional<Value>> SysvShmKind::Collect(const JobFacts& job, const AskMember&,
                                                  CollectContext& context) const {
  ASSIGN_OR_RETURN(const SysvNamespace look, SysvNamespace::Look(job, "shm"));
  SysvShmState state;
  for (const Segment& segment : FindSegments(job, look)) {
    SegmentState& saved = state.segments.emplace_back();
    saved.identity = Identity(segment);
    if (segment.mapping != nullptr) saved.identity.key = KeyItWasMadeWith(*segment.mapping);
    saved.bytes = static_cast<uint64_t>(segment.row->at("size"));
    saved.removed = (segment.row->at("perms") & kDest) != 0;
    saved.locked = (segment.row->at("perms") & kLocked) != 0;
    ASSIGN_OR_RETURN(saved.contents, ReadContents(segment, look, context),
                     DescribeSysv(kWhat, saved.identity));
  }
  if (state.segments.empty()) return std::optional<Value>();
  return std::optional(Encode(state));
}

Status SysvShmKind::Make(const Value& value, CreateContext& context, MadeObjects& made) const {
  ASSIGN_OR_RETURN(const auto state, Decode<SysvShmState>(value, "sysv_shm"));
  for (const SegmentState& segment : state.segments)
    RETURN_IF_ERROR(MakeSegment(segment, context, made), DescribeSysv(kWhat, segment.identity));
  return Ok();
}

// When all who have it attached are there.
Status SysvShmKind::DoInTask(const Value& value, const JobTask& task, JobStep step,
                             CreateContext&) const {
  if (!task.is_root || step != JobStep::kFirst) return Ok();
  ASSIGN_OR_RETURN(const auto state, Decode<SysvShmState>(value, "sysv_shm"));
  for (const SegmentState& segment : state.segments) {
    if (segment.removed && shmctl(segment.identity.id, IPC_RMID, nullptr) != 0)
      return Error::Errno("marking ", DescribeSysv(kWhat, segment.identity), " for removal");
  }
  return Ok();
}

void SysvShmKind::Remove(int32_t id) const { shmctl(id, IPC_RMID, nullptr); }

}  // namespace tardigrade::sysv_shm
