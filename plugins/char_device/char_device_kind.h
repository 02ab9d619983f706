#ifndef PLUGINS_CHAR_DEVICE_CHAR_DEVICE_KIND_H_
#define PLUGINS_CHAR_DEVICE_CHAR_DEVICE_KIND_H_

#include <string>

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::char_device {

struct CharDeviceState {
  OpenFileState open;
  std::string path;
  uint32_t device_minor = 0;  // Of major 1.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("path", self.path, Range<size_t>{1, 4096});
    visit("device_minor", self.device_minor, Range<uint32_t>{0, 255});
  }
};

// The character devices without state: null, zero, full, random, urandom.  drivers/char/mem.c.
class CharDeviceKind final : public FdKind {
 public:
  std::string_view name() const override { return "char_device"; }
  bool Claims(const FdFacts& file) const override;
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all,
                        CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::char_device

#endif  // PLUGINS_CHAR_DEVICE_CHAR_DEVICE_KIND_H_
