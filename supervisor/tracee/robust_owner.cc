#include "supervisor/tracee/robust_owner.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace tardigrade {
namespace {

// The park words that this thread owns, newest first.  The kernel walks the list when the thread dies,
// which may be between any two instructions: it has to be whole at each store.
struct OwnedWords {
  robust_list_head head = {};
  robust_list_head* before = nullptr;  // The C library's.
};
thread_local OwnedWords owned;

robust_list* EntryOf(protocol::ParasiteHeader* header) {
  return reinterpret_cast<robust_list*>(&header->robust_entry);
}

void Point(robust_list* from, robust_list* to) { __atomic_store_n(&from->next, to, __ATOMIC_SEQ_CST); }

Status SetList(robust_list_head* head) {
  if (syscall(SYS_set_robust_list, head, sizeof(robust_list_head)) != 0)
    return Error::Errno("set_robust_list");
  return Ok();
}

Status SetAside(const protocol::ParasiteHeader* header) {
  size_t size = 0;
  if (syscall(SYS_get_robust_list, 0, &owned.before, &size) != 0)
    return Error::Errno("get_robust_list");
  owned.head.list.next = &owned.head.list;
  owned.head.futex_offset = reinterpret_cast<const char*>(&header->park_word) -
                            reinterpret_cast<const char*>(&header->robust_entry);
  owned.head.list_op_pending = nullptr;
  return SetList(&owned.head);
}

bool OwnsNone() { return owned.head.list.next == nullptr || owned.head.list.next == &owned.head.list; }

}  // namespace

Result<ScopedRobustOwner> ScopedRobustOwner::Own(protocol::ParasiteHeader* header) {
  if (OwnsNone()) RETURN_IF_ERROR(SetAside(header));
  // The id that the kernel compares is the one in this thread's own PID namespace.
  const auto tid = static_cast<uint32_t>(syscall(SYS_gettid));
  __atomic_store_n(&header->park_word, tid | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
  Point(EntryOf(header), owned.head.list.next);
  Point(&owned.head.list, EntryOf(header));
  return ScopedRobustOwner(header);
}

ScopedRobustOwner::~ScopedRobustOwner() {
  if (header_ == nullptr) return;
  for (robust_list* at = &owned.head.list; at->next != &owned.head.list; at = at->next) {
    if (at->next != EntryOf(header_)) continue;
    Point(at, at->next->next);
    break;
  }
  if (OwnsNone()) (void)SetList(owned.before);
}

}  // namespace tardigrade
