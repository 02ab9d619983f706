#include "plugins/inotify/event_steps.h"

#include <algorithm>
#include <map>

namespace tardigrade::inotify {
namespace {

constexpr uint32_t kMoves = IN_MOVED_FROM | IN_MOVED_TO;
constexpr uint32_t kOfChildrenOnly = kMoves | IN_CREATE | IN_DELETE;
constexpr uint32_t kOfWatchedOnly = IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr uint32_t kOfBoth =
    IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | IN_OPEN;
// Neither is told whether it is about a directory.
constexpr uint32_t kWithoutType = IN_MOVE_SELF | IN_DELETE_SELF | IN_IGNORED | IN_Q_OVERFLOW;

bool IsOneBit(uint32_t bits) { return bits != 0 && (bits & (bits - 1)) == 0; }

bool CanHappen(const EventState& event) {
  const uint32_t bits = event.mask & ~IN_ISDIR;
  const bool is_directory = bits != event.mask;
  if (bits == IN_Q_OVERFLOW)
    return event.wd == -1 && event.name.empty() && event.cookie == 0 && !is_directory;
  if (event.wd < 1 || (event.cookie != 0) != ((bits & kMoves) != 0)) return false;
  if (event.name == "." || event.name == ".." || event.name.find('/') != std::string::npos ||
      event.name.find('\0') != std::string::npos)
    return false;
  if (is_directory && (bits & (kWithoutType | IN_CLOSE_WRITE)) != 0) return false;
  // Shortening a file with a set-user-ID bit: fs/open.c, do_truncate().
  if (bits == (IN_MODIFY | IN_ATTRIB)) return !is_directory;
  if (!IsOneBit(bits)) return false;
  return (bits & (kOfBoth | (event.name.empty() ? kOfWatchedOnly : kOfChildrenOnly))) != 0;
}

Error Refuse(ErrorCode code, const EventState& event, const char* why) {
  return Error(code, StrCat("an unread event of watch ", event.wd, " (mask ", event.mask,
                            ", name \"", event.name, "\") ", why));
}

// Goes and takes the watch along: IN_IGNORED comes with it.
bool EndsWatch(const EventState& event) {
  return (event.mask & (IN_DELETE_SELF | IN_UNMOUNT)) != 0;
}

bool IsPair(const EventState& a, const EventState& b) {
  if (EndsWatch(a)) return b.mask == IN_IGNORED && b.wd == a.wd;
  return a.cookie != 0 && a.cookie == b.cookie && (a.mask & IN_MOVED_FROM) != 0 &&
         (b.mask & IN_MOVED_TO) != 0 && (a.mask & IN_ISDIR) == (b.mask & IN_ISDIR);
}

}  // namespace

size_t FindOverflow(std::span<const EventState> events) {
  const auto is_it = [](const EventState& event) { return event.mask == IN_Q_OVERFLOW; };
  return static_cast<size_t>(std::find_if(events.begin(), events.end(), is_it) - events.begin());
}

Result<std::vector<Step>> PlanSteps(std::span<const EventState> events, ErrorCode code) {
  const size_t overflow = FindOverflow(events);
  std::vector<Step> steps;
  std::map<uint32_t, size_t> cookies;  // The step each is of.
  for (size_t i = 0; i < events.size(); i += steps.back().count) {
    const EventState& event = events[i];
    if (!CanHappen(event)) return Refuse(code, event, "is none that can be brought about");
    if (event.mask == IN_Q_OVERFLOW && i != overflow)
      return Refuse(code, event, "is a second overflow of the queue");
    const bool pair = i + 1 < events.size() && IsPair(event, events[i + 1]);
    if (EndsWatch(event) && !pair && overflow < events.size() && i < overflow)
      return Refuse(code, event, "is parted from its IN_IGNORED, before an overflow");
    if (event.cookie != 0 && !cookies.emplace(event.cookie, i).second)
      return Refuse(code, event, "is parted from the other half of its rename");
    steps.push_back({.first = i, .count = pair ? size_t{2} : size_t{1}});
  }
  return steps;
}

}  // namespace tardigrade::inotify
