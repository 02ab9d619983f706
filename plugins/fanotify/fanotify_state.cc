#include "plugins/fanotify/fanotify_state.h"

#include <sys/fanotify.h>

#include <cinttypes>
#include <cstdio>

namespace tardigrade::fanotify {
namespace {

Error Unreadable(const std::string& text) {
  return Error(ErrorCode::kInternal,
               StrCat("a fanotify mark this build cannot read: \"", text, "\""));
}

// "... mflags:0 mask:3b ignored_mask:0 ..."
Status ParseMasks(const std::string& text, MarkState& mark) {
  const size_t at = text.find("mflags:");
  if (at == std::string::npos ||
      std::sscanf(text.c_str() + at, "mflags:%" SCNx32 " mask:%" SCNx32 " ignored_mask:%" SCNx32,
                  &mark.flags, &mark.mask, &mark.ignored_mask) != 3)
    return Unreadable(text);
  return Ok();
}

Status ParseMark(const std::string& key, const std::string& text, MarkLine& line) {
  uint32_t device = 0;
  if (key == "fanotify ino") {
    line.mark.type = FAN_MARK_INODE;
    if (std::sscanf(text.c_str(), "%" SCNx64 " sdev:%" SCNx32, &line.inode.inode, &device) != 2)
      return Unreadable(text);
    RETURN_IF_ERROR(ParseHandle(text, line.inode));
  } else if (key == "fanotify mnt_id") {
    line.mark.type = FAN_MARK_MOUNT;
    if (std::sscanf(text.c_str(), "%" SCNx64, &line.mount_id) != 1) return Unreadable(text);
  } else if (key == "fanotify sdev") {
    line.mark.type = FAN_MARK_FILESYSTEM;
    if (std::sscanf(text.c_str(), "%" SCNx32, &device) != 1) return Unreadable(text);
  } else {
    return Error(ErrorCode::kUnsupported,
                 StrCat("a mark that cannot be saved (", key, "); remove it first"));
  }
  line.inode.device = DeviceFromKernel(device);
  return ParseMasks(text, line.mark);
}

}  // namespace

Result<GroupLines> ParseFanotify(const FdInfo& info) {
  GroupLines group;
  ASSIGN_OR_RETURN(const std::string_view flags, info.Find("fanotify flags"));
  if (std::sscanf(std::string(flags).c_str(), "%" SCNx32 " event-flags:%" SCNx32, &group.init_flags,
                  &group.event_flags) != 2)
    return Unreadable(std::string(flags));
  for (const auto& [key, value] : info.lines) {
    if (!key.starts_with("fanotify ") || key == "fanotify flags") continue;
    RETURN_IF_ERROR(ParseMark(key, value, group.marks.emplace_back()));
  }
  return group;
}

}  // namespace tardigrade::fanotify
