#ifndef PLUGINS_INOTIFY_SCRATCH_WATCH_H_
#define PLUGINS_INOTIFY_SCRATCH_WATCH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "plugins/inotify/inotify_state.h"
#include "plugins/inotify/scratch_directory.h"
#include "supervisor/base/result.h"

namespace tardigrade::inotify {

// A watch with a chosen number on a file or directory made for it, where events are brought about.
// Between them it reports nothing.
class ScratchWatch {
 public:
  // In `scratch`; or, with null, in a file system of its own, so that it can be unmounted.
  static Result<ScratchWatch> Add(int inotify_fd, int32_t wd, bool is_directory,
                                  const ScratchDirectory* scratch);

  bool is_directory() const { return is_directory_; }

  // Does what gives the event.  After one that takes the watch along (IN_DELETE_SELF, IN_UNMOUNT,
  // IN_IGNORED) there is no more to be done with it.
  Status Act(const EventState& event);

  // One rename that gives both events.
  static Status ActPair(ScratchWatch& from, const EventState& event_from, ScratchWatch& to,
                        const EventState& event_to);

 private:
  ScratchWatch() = default;
  int base() const { return scratch_->fd(); }
  // Where what an event is about is, from base().
  std::string SubjectOf(const EventState& event) const;
  Status Report(uint32_t mask);
  Status MakeChild(const std::string& path, bool is_directory);
  void RemoveChild(const std::string& path);
  Status ActOnChild(const EventState& event, const std::string& subject);
  Status ActOnWatched(const EventState& event);
  Status Touch(const EventState& event, const std::string& subject);
  Status OpenOrClose(const EventState& event, const std::string& subject);
  Status ShortenWithSetUserId(const std::string& subject);

  int inotify_fd_ = -1;
  int32_t wd_ = 0;
  bool is_directory_ = false;
  std::string name_;  // In base().
  std::unique_ptr<ScratchDirectory> own_;
  const ScratchDirectory* scratch_ = nullptr;
};

}  // namespace tardigrade::inotify

#endif  // PLUGINS_INOTIFY_SCRATCH_WATCH_H_
