#include "plugins/inotify/peek_events.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>

#include <cstring>

#include "supervisor/kernel/kernel_memory.h"

namespace tardigrade::inotify {
namespace {

constexpr size_t kMostEvents = size_t{4} << 20;
constexpr int32_t kMostNameBytes = 255;

// What inotify_mask_to_arg() leaves of a mask for user space.  fs/notify/inotify/inotify_user.c
constexpr uint32_t kShownMask = IN_ALL_EVENTS | IN_ISDIR | IN_UNMOUNT | IN_IGNORED | IN_Q_OVERFLOW;

// Where what is wanted of an event is in a struct inotify_event_info: fs/notify/inotify/inotify.h.
struct Layout {
  size_t list = 0, mask = 0, wd = 0, cookie = 0, name_length = 0, name = 0;

  static Result<Layout> Find(const Btf& btf) {
    constexpr const char* kEvent = "inotify_event_info";
    Layout layout;
    ASSIGN_OR_RETURN(layout.list, btf.OffsetOf(kEvent, "fse.list"));
    ASSIGN_OR_RETURN(layout.mask, btf.OffsetOf(kEvent, "mask"));
    ASSIGN_OR_RETURN(layout.wd, btf.OffsetOf(kEvent, "wd"));
    ASSIGN_OR_RETURN(layout.cookie, btf.OffsetOf(kEvent, "sync_cookie"));
    ASSIGN_OR_RETURN(layout.name_length, btf.OffsetOf(kEvent, "name_len"));
    ASSIGN_OR_RETURN(layout.name, btf.OffsetOf(kEvent, "name"));
    return layout;
  }
};

template <typename T>
T At(const std::vector<std::byte>& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

struct Listed {
  uint64_t next = 0;  // Its list node.
  EventState event;
};

Result<Listed> ReadEvent(const KernelMemory& memory, const Layout& layout, uint64_t node) {
  const uint64_t address = node - layout.list;
  std::vector<std::byte> fixed(layout.name);
  RETURN_IF_ERROR(memory.Read(address, fixed));
  Listed found;
  found.next = At<uint64_t>(fixed, layout.list);
  found.event.mask = At<uint32_t>(fixed, layout.mask) & kShownMask;
  found.event.wd = At<int32_t>(fixed, layout.wd);
  found.event.cookie = At<uint32_t>(fixed, layout.cookie);
  const auto length = At<int32_t>(fixed, layout.name_length);
  if (length < 0 || length > kMostNameBytes)
    return Error(ErrorCode::kUnsupported, StrCat("an unread event has a name of ", length,
                                                 " bytes, more than can be brought back"));
  if (length == 0) return found;
  std::vector<std::byte> name(static_cast<size_t>(length));
  RETURN_IF_ERROR(memory.Read(address + layout.name, name));
  found.event.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  return found;
}

Result<std::vector<EventState>> WalkQueue(const KernelMemory& memory, uint64_t group) {
  ASSIGN_OR_RETURN(const Layout layout, Layout::Find(memory.btf()));
  ASSIGN_OR_RETURN(const size_t list_at,
                   memory.btf().OffsetOf("fsnotify_group", "notification_list"));
  const uint64_t head = group + list_at;
  std::vector<EventState> events;
  ASSIGN_OR_RETURN(uint64_t node, memory.Read<uint64_t>(head));
  while (node != head && events.size() < kMostEvents) {
    ASSIGN_OR_RETURN(Listed found, ReadEvent(memory, layout, node));
    events.push_back(std::move(found.event));
    node = found.next;
  }
  return events;
}

}  // namespace

Result<size_t> UnreadBytes(int local_fd) {
  int unread = 0;
  if (ioctl(local_fd, FIONREAD, &unread) != 0)
    return Error::Errno("FIONREAD of an inotify instance");
  return static_cast<size_t>(unread);
}

Result<Peeked> PeekEvents(int local_fd) {
  ASSIGN_OR_RETURN(const KernelMemory memory, KernelMemory::Open());
  ASSIGN_OR_RETURN(const uint64_t group, memory.PrivateDataOf(local_fd));
  // Others may add events at the end meanwhile: they are later than the snapshot.
  ASSIGN_OR_RETURN(const size_t before, UnreadBytes(local_fd));
  Peeked peeked;
  ASSIGN_OR_RETURN(peeked.events, WalkQueue(memory, group));
  ASSIGN_OR_RETURN(const size_t after, UnreadBytes(local_fd));
  const size_t seen = ReadBytes(peeked.events);
  if (seen < before || seen > after)
    return Error(ErrorCode::kUnsupported,
                 StrCat("of ", before, " bytes of unread events ", seen, " were found"));
  ASSIGN_OR_RETURN(const auto next,
                   memory.Member<uint32_t>(group, "fsnotify_group", "inotify_data.idr.idr_next"));
  peeked.next_wd = next > INT32_MAX ? 0 : static_cast<int32_t>(next);
  return peeked;
}

}  // namespace tardigrade::inotify
