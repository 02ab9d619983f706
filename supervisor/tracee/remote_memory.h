#ifndef SUPERVISOR_TRACEE_REMOTE_MEMORY_H_
#define SUPERVISOR_TRACEE_REMOTE_MEMORY_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/base/result.h"

namespace tardigrade {

// process_vm_readv(2) and process_vm_writev(2) of one range, whole or not at all as far as the
// caller is told.  They respect the tracee's page protections.  Errors: kTraceeGone, kSystem
// (EFAULT), kDenied.
Status ReadTraceeMemory(pid_t pid, uint64_t address, std::span<std::byte> into);
Status WriteTraceeMemory(pid_t pid, uint64_t address, std::span<const std::byte> from);

template <typename T>
Result<T> ReadTraceeObject(pid_t pid, uint64_t address) {
  T object;
  RETURN_IF_ERROR(ReadTraceeMemory(pid, address, std::as_writable_bytes(std::span(&object, 1))));
  return object;
}

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_REMOTE_MEMORY_H_
