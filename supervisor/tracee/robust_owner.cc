#include "supervisor/tracee/robust_owner.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace tardigrade {

Result<ScopedRobustOwner> ScopedRobustOwner::Own(protocol::ParasiteHeader* header) {
  ScopedRobustOwner owner;
  size_t size = 0;
  if (syscall(SYS_get_robust_list, 0, &owner.before_, &size) != 0)
    return Error::Errno("get_robust_list");
  owner.head_ = std::make_unique<robust_list_head>();
  auto* const entry = reinterpret_cast<robust_list*>(&header->robust_entry);
  entry->next = &owner.head_->list;
  owner.head_->list.next = entry;
  owner.head_->futex_offset =
      reinterpret_cast<char*>(&header->park_word) - reinterpret_cast<char*>(entry);
  owner.head_->list_op_pending = nullptr;
  // The id that the kernel compares is the one in this thread's own PID namespace.
  const auto tid = static_cast<uint32_t>(syscall(SYS_gettid));
  __atomic_store_n(&header->park_word, tid | FUTEX_WAITERS, __ATOMIC_SEQ_CST);
  if (syscall(SYS_set_robust_list, owner.head_.get(), sizeof(robust_list_head)) != 0)
    return Error::Errno("set_robust_list");
  return owner;
}

ScopedRobustOwner::~ScopedRobustOwner() {
  if (head_ != nullptr) (void)syscall(SYS_set_robust_list, before_, sizeof(robust_list_head));
}

}  // namespace tardigrade
