#include "supervisor/tracee/remote_memory.h"

#include <sys/uio.h>

#include <cerrno>

namespace tardigrade {
namespace {

using Transfer = ssize_t (*)(pid_t, const iovec*, unsigned long, const iovec*, unsigned long,
                             unsigned long);

Status Move(Transfer transfer, const char* what, pid_t pid, uint64_t address, std::byte* local,
            size_t size) {
  size_t done = 0;
  while (done < size) {
    const iovec here = {local + done, size - done};
    const iovec there = {reinterpret_cast<void*>(address + done), size - done};
    const ssize_t moved = transfer(pid, &here, 1, &there, 1, 0);
    if (moved < 0 && errno == ESRCH)
      return Error(ErrorCode::kTraceeGone, StrCat("process ", pid, " is gone"));
    if (moved < 0)
      return Error::Errno(what, " of ", size, " bytes at ", Hex(address), " in process ", pid);
    done += static_cast<size_t>(moved);
  }
  return Ok();
}

}  // namespace

Status ReadTraceeMemory(pid_t pid, uint64_t address, std::span<std::byte> into) {
  return Move(process_vm_readv, "process_vm_readv", pid, address, into.data(), into.size());
}

Status WriteTraceeMemory(pid_t pid, uint64_t address, std::span<const std::byte> from) {
  return Move(process_vm_writev, "process_vm_writev", pid, address,
              const_cast<std::byte*>(from.data()), from.size());
}

}  // namespace tardigrade
