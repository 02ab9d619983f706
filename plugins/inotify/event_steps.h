#ifndef PLUGINS_INOTIFY_EVENT_STEPS_H_
#define PLUGINS_INOTIFY_EVENT_STEPS_H_

#include <span>
#include <vector>

#include "plugins/inotify/inotify_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::inotify {

// What happens at once and gives several events: a rename, or a file that goes and takes its watch
// along.  Else a step is one event.
struct Step {
  size_t first = 0;  // Index of the event.
  size_t count = 1;
};

// The steps that give these events, in order.  Errors: `code` for events that nothing gives that a
// restore can do; the text says which.
Result<std::vector<Step>> PlanSteps(std::span<const EventState> events, ErrorCode code);

// The index of IN_Q_OVERFLOW, or events.size().
size_t FindOverflow(std::span<const EventState> events);

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_EVENT_STEPS_H_
