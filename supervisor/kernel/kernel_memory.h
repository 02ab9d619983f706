#ifndef SUPERVISOR_KERNEL_KERNEL_MEMORY_H_
#define SUPERVISOR_KERNEL_KERNEL_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"
#include "supervisor/kernel/btf.h"

namespace tardigrade {

// Looks at the kernel's own memory, for what it shows in no other way: a few BPF instructions that
// copy (bpf_probe_read_kernel()), run by BPF_PROG_TEST_RUN, and the type information the kernel has
// of itself.  Nothing is attached to anything, and nothing can be written.  Takes CAP_BPF and
// CAP_PERFMON (or CAP_SYS_ADMIN) in the first user namespace.
class KernelMemory {
 public:
  // Errors: kDenied without the privilege; kUnsupported if the kernel has no BPF or no BTF.
  static Result<KernelMemory> Open();
  KernelMemory(KernelMemory&& other) noexcept;
  KernelMemory(const KernelMemory&) = delete;
  ~KernelMemory();

  // Fills `out` from `address`.  Errors: kSystem, EFAULT if nothing is there.
  Status Read(uint64_t address, std::span<std::byte> out) const;
  template <typename T>
  Result<T> Read(uint64_t address) const {
    T value;
    RETURN_IF_ERROR(Read(address, std::as_writable_bytes(std::span(&value, 1))));
    return value;
  }

  // The member of a struct `type` at `address`.
  template <typename T>
  Result<T> Member(uint64_t address, std::string_view type, std::string_view member) const {
    ASSIGN_OR_RETURN(const size_t offset, btf_.OffsetOf(type, member));
    return Read<T>(address + offset);
  }

  // The caller's own task_struct.
  Result<uint64_t> CurrentTask() const;

  // The caller's own open file, and what its private_data points to.
  Result<uint64_t> FileOf(int local_fd) const;
  Result<uint64_t> PrivateDataOf(int local_fd) const;

  const Btf& btf() const { return btf_; }

 private:
  explicit KernelMemory(Btf btf) : btf_(std::move(btf)) {}
  Status Load();
  Status Run(uint64_t address, uint64_t size) const;

  Btf btf_;
  ScopedFd map_;
  ScopedFd program_;
  const std::byte* buffer_ = nullptr;  // Of the map.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_KERNEL_MEMORY_H_
