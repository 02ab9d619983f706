#ifndef PLUGINS_INOTIFY_READ_ALL_H_
#define PLUGINS_INOTIFY_READ_ALL_H_

#include <sys/inotify.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "plugins/inotify/inotify_state.h"

namespace tardigrade::inotify {

// For tests: all unread events of an instance that is O_NONBLOCK, which are read then.
inline std::vector<EventState> ReadAll(int fd) {
  alignas(inotify_event) char bytes[64 << 10];
  std::vector<EventState> events;
  for (ssize_t got = 0; (got = read(fd, bytes, sizeof(bytes))) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* const event = reinterpret_cast<const inotify_event*>(bytes + at);
      events.push_back({.wd = event->wd,
                        .mask = event->mask,
                        .cookie = event->cookie,
                        .name = event->len == 0 ? "" : event->name});
      at += static_cast<ssize_t>(sizeof(*event) + event->len);
    }
  }
  return events;
}

// With cookies that only tell which are the same.
inline std::vector<EventState> WithoutCookies(std::vector<EventState> events) {
  std::map<uint32_t, uint32_t> numbers{{0, 0}};
  for (EventState& event : events)
    event.cookie = numbers.emplace(event.cookie, numbers.size()).first->second;
  return events;
}

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_READ_ALL_H_
