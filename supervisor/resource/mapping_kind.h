#ifndef SUPERVISOR_RESOURCE_MAPPING_KIND_H_
#define SUPERVISOR_RESOURCE_MAPPING_KIND_H_

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/image/value.h"
#include "supervisor/kernel/memory_map.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/syscall_plan.h"

namespace tardigrade {

// Which pages of a mapping belong into the page files.
enum class PagePolicy {
  kNone,            // None: the kernel or a file provides them all.
  kPrivate,         // Those private to the process: present or swapped, and not clean file pages.
  kSharedAnonymous, // The whole object, through the mapping: shared memory without a descriptor.
};

struct MappingState {
  PagePolicy pages = PagePolicy::kNone;
  Value state;  // The kind's own.
  // Key of shared memory that the kind attaches by itself, see MappingKind::attaches(); else "".
  std::string object = {};
};

// Where a mapping is to be, and what is behind it.
struct MappingPlace {
  uint64_t start = 0;  // Bytes.
  uint64_t bytes = 0;
  int prot = 0;        // PROT_*
  uint64_t offset = 0; // Bytes into the file.
  int fd = -1;         // In the task: what OpenBacking() gave, or -1.
};

// One kind of memory mapping, by what is behind it.  Addresses, protection, advice, contents of
// private pages and the order of mapping are the engine's business.
class MappingKind {
 public:
  virtual ~MappingKind() = default;

  // Names the kind in images and messages.  Never changes once released.
  virtual std::string_view name() const = 0;

  // Exactly one kind may claim a mapping; the engine rejects none and two.
  virtual bool Claims(const MemoryMapping& mapping) const = 0;

  // Refuses (kUnsupported, with the way out) what this kind cannot save.  Before injection.
  virtual Status Check(pid_t pid, const MemoryMapping& mapping) const {
    (void)pid, (void)mapping;
    return Ok();
  }

  virtual Result<MappingState> Collect(pid_t pid, const MemoryMapping& mapping, CollectContext& context) const = 0;

  // Whether PlanMaking() makes it, because the kernel alone chooses where such a mapping goes.
  virtual bool is_made_by_plan() const { return false; }

  // Whether its pages are the kernel's own, with contents in the kind's state: a driver's memory, as
  // the kernel calls it, which other kinds cannot save.
  virtual bool is_kernel_memory() const { return false; }

  // Adds the steps that make it, contents included.  They run early, while there is room nowhere else than
  // at `place`, and one of them has to fail if the mapping did not go there.
  virtual Status PlanMaking(const Value& state, const MappingPlace& place, const AttachmentReader& attachments, SyscallPlan& plan) const {
    (void)state, (void)place, (void)attachments, (void)plan;
    return Error(ErrorCode::kInternal, "this mapping is made by mmap(2)");
  }

  // Whether there is a file behind it: OpenBacking() is asked only then.
  virtual bool has_backing() const { return true; }

  // Whether what is behind it is memory that has to be attached, by a call other than mmap(2), and that
  // mappings with the same MappingState::object share.  No backing is opened then.
  virtual bool attaches() const { return false; }
  // How much of the address space that takes.
  virtual Result<uint64_t> AttachedBytes(const Value& state) const {
    (void)state;
    return uint64_t{0};
  }
  // Attaches the whole at `address`, in the root's task before it has children.  `state` is any of the
  // mappings', from an image and not to be trusted.
  virtual Status Attach(const Value& state, uint64_t address) const {
    (void)state, (void)address;
    return Ok();
  }

  // The file to map, opened with the access mode its mapping needs (for shared file mappings that is
  // part of the kind's state), or none for anonymous memory.  Several mappings of one file may each
  // ask.  `state` comes from an image and is not to be trusted.
  virtual Result<std::optional<ScopedFd>> OpenBacking(const Value& state, CreateContext& context) const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESOURCE_MAPPING_KIND_H_
