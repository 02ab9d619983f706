#include "plugins/char_device/char_device_kind.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "supervisor/base/file_io.h"

namespace tardigrade::char_device {
namespace {

constexpr unsigned kMemMajor = 1;

// Documentation/admin-guide/devices.txt; null for a device of state.
const char* UsualPath(unsigned device_minor) {
  switch (device_minor) {
    case 3:
      return "/dev/null";
    case 5:
      return "/dev/zero";
    case 7:
      return "/dev/full";
    case 8:
      return "/dev/random";
    case 9:
      return "/dev/urandom";
    default:
      return nullptr;
  }
}

bool IsDevice(const std::string& path, dev_t device) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device;
}

}  // namespace

bool CharDeviceKind::Claims(const FdFacts& file) const {
  return S_ISCHR(file.stat.st_mode) && (file.info.flags & O_PATH) == 0 &&
         major(file.stat.st_rdev) == kMemMajor && UsualPath(minor(file.stat.st_rdev)) != nullptr;
}

Status CharDeviceKind::Check(const FdFacts& file, std::span<const FdFacts>) const {
  RETURN_IF_ERROR(ReadFdOwner(file));
  return Ok();
}

Result<Value> CharDeviceKind::Collect(const FdFacts& file, std::span<const FdFacts>,
                                      CollectContext&) const {
  CharDeviceState state;
  ASSIGN_OR_RETURN(state.open, ReadOpenFile(file));
  state.path = file.link;
  state.device_minor = minor(file.stat.st_rdev);
  return Encode(state);
}

Result<ScopedFd> CharDeviceKind::Create(const Value& value, CreateContext& context) const {
  ASSIGN_OR_RETURN(const CharDeviceState state, Decode<CharDeviceState>(value, "char_device"));
  const char* usual = UsualPath(state.device_minor);
  if (usual == nullptr)
    return Error(ErrorCode::kBadImage, StrCat("char_device.device_minor is ", state.device_minor));
  const dev_t device = makedev(kMemMajor, state.device_minor);
  std::string path = context.MovedPath(state.path);
  // The node may have stood in a directory of its own (a chroot, a container).
  if (!IsDevice(path, device)) path = usual;
  if (!IsDevice(path, device))
    return Error(ErrorCode::kUnsupported,
                 StrCat(state.path, " is not the device ", usual,
                        " here; say where it is with --set-file ", state.path, "=NEW"));
  const uint64_t flags = state.open.flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_NOFOLLOW);
  ASSIGN_OR_RETURN(ScopedFd fd,
                   OpenFile(WithoutLinks(path, flags), static_cast<int>(flags) | O_NOCTTY));
  RETURN_IF_ERROR(SetStatusFlags(fd.get(), state.open.flags));
  return fd;
}

Status CharDeviceKind::PlanInTask(const Value& value, int fd, SyscallPlan& plan) const {
  ASSIGN_OR_RETURN(const CharDeviceState state, Decode<CharDeviceState>(value, "char_device"));
  PlanFdOwner(state.open.owner, state.open.flags, fd, plan);
  return Ok();
}

}  // namespace tardigrade::char_device
