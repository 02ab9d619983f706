#ifndef SUPERVISOR_KERNEL_BTF_H_
#define SUPERVISOR_KERNEL_BTF_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// Type information in BTF as the kernel publishes it of itself in /sys/kernel/btf/vmlinux:
// Documentation/bpf/btf.rst.
class Btf {
 public:
  // Errors: kUnsupported for a form this build cannot read.
  static Result<Btf> Parse(std::string bytes);

  // Bytes from the beginning of a `type` to its `member`; "a.b" is a member of a member, and
  // members of unnamed structs and unions are those of what these are in.  Errors: kUnsupported if
  // there is none, or several that differ.
  Result<size_t> OffsetOf(std::string_view type, std::string_view member) const;

 private:
  struct Header;
  struct Type;
  Status IndexTypes();
  const Type* TypeAt(uint32_t id) const;
  std::string_view Name(uint32_t offset) const;
  bool IsNamed(uint32_t offset, std::string_view name) const;
  uint32_t Resolve(uint32_t id) const;
  std::optional<size_t> FindMember(uint32_t id, std::string_view member, int depth) const;

  std::string bytes_;
  size_t types_at_ = 0, types_end_ = 0;
  size_t names_at_ = 0, names_end_ = 0;
  std::vector<uint32_t> types_;  // Where each is, by id.
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_BTF_H_
