#include "supervisor/kernel/own_capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tardigrade {

namespace {

struct OwnSets {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

  bool Read() { return syscall(SYS_capget, &header, data) == 0; }
  bool Write() { return syscall(SYS_capset, &header, data) == 0; }
  uint32_t& Effective(int capability) { return data[CAP_TO_INDEX(capability)].effective; }
};

}  // namespace

Result<bool> HasCapability(int capability) {
  OwnSets own;
  if (!own.Read()) return Error::Errno("asking for own capabilities");
  return (own.Effective(capability) & CAP_TO_MASK(capability)) != 0;
}

ScopedWithoutCapability::ScopedWithoutCapability(int capability) {
  OwnSets own;
  if (!own.Read() || (own.Effective(capability) & CAP_TO_MASK(capability)) == 0) return;
  own.Effective(capability) &= ~CAP_TO_MASK(capability);
  if (own.Write()) capability_ = capability;
}

ScopedWithoutCapability::~ScopedWithoutCapability() {
  OwnSets own;
  if (capability_ < 0 || !own.Read()) return;
  own.Effective(capability_) |= CAP_TO_MASK(capability_);
  (void)own.Write();
}

}  // namespace tardigrade
