#include "plugins/inotify/provoke_events.h"

#include <gtest/gtest.h>

#include "plugins/inotify/event_steps.h"
#include "plugins/inotify/read_all.h"
#include "supervisor/base/file_io.h"
#include "supervisor/base/scoped_fd.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inotify {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

EventState Event(int32_t wd, uint32_t mask, const std::string& name = "", uint32_t cookie = 0) {
  return {.wd = wd, .mask = mask, .cookie = cookie, .name = name};
}

constexpr uint32_t kDirectory = IN_ISDIR;

void ExpectBack(const std::vector<EventState>& events) {
  const ScopedFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  ASSERT_THAT(ProvokeEvents(fd.get(), events), IsOk());
  EXPECT_EQ(WithoutCookies(ReadAll(fd.get())), WithoutCookies(events));
  EXPECT_TRUE(testing::FactsOf(fd.get()).info.FindAll("inotify wd").empty());
}

std::vector<EventState> Many(size_t count) {
  std::vector<EventState> events;
  for (size_t i = 0; i < count; ++i)
    events.push_back(i % 2 == 0 ? Event(1, IN_MODIFY) : Event(2, IN_CREATE, "file"));
  return events;
}

size_t Limit() { return std::stoul(ReadFile("/proc/sys/fs/inotify/max_queued_events").value()); }

TEST(ProvokeEvents, WhatHappensInADirectory) {
  std::vector<EventState> events;
  for (const uint32_t mask : {IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE,
                              IN_OPEN, IN_CREATE, IN_DELETE, IN_MODIFY | IN_ATTRIB})
    events.push_back(Event(4, mask, std::string(255, 'n')));
  for (const uint32_t mask :
       {IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_NOWRITE, IN_OPEN, IN_CREATE, IN_DELETE}) {
    events.push_back(Event(4, mask | kDirectory, "below"));
    if (mask != IN_CREATE && mask != IN_DELETE) events.push_back(Event(4, mask | kDirectory));
  }
  ExpectBack(events);
}

TEST(ProvokeEvents, WhatHappensToAFile) {
  std::vector<EventState> events;
  for (const uint32_t mask : {IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE,
                              IN_OPEN, IN_MODIFY | IN_ATTRIB, IN_MOVE_SELF, IN_ATTRIB})
    events.push_back(Event(1000000, mask));
  events.push_back(Event(1000000, IN_DELETE_SELF));
  events.push_back(Event(1000000, IN_IGNORED));
  events.push_back(Event(1, IN_DELETE_SELF));
  events.push_back(Event(2, IN_OPEN));
  events.push_back(Event(1, IN_IGNORED));
  events.push_back(Event(3, IN_IGNORED));
  events.push_back(Event(2, IN_IGNORED));
  events.push_back(Event(2, IN_OPEN | kDirectory));
  ExpectBack(events);
}

TEST(ProvokeEvents, Renames) {
  ExpectBack({Event(1, IN_MOVED_FROM, "a", 70), Event(1, IN_MOVED_TO, "b", 70),
              Event(1, IN_MOVED_FROM | kDirectory, "c", 80),
              Event(2, IN_MOVED_TO | kDirectory, "c", 80), Event(2, IN_MOVED_FROM, "out", 81),
              Event(2, IN_MOVED_TO, "in", 82), Event(2, IN_MOVE_SELF),
              Event(1, IN_MOVED_TO, "b", 83)});
}

TEST(ProvokeEvents, AnUnmountedFileSystem) {
  const ScopedFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const std::vector<EventState> events = {
      Event(1, IN_CREATE, "x"), Event(1, IN_UNMOUNT | kDirectory),
      Event(1, IN_IGNORED),     Event(2, IN_UNMOUNT),
      Event(3, IN_OPEN),        Event(2, IN_IGNORED)};
  const Status done = ProvokeEvents(fd.get(), events);
  if (!done.has_value()) {
    EXPECT_THAT(done, FailsWith(ErrorCode::kDenied, "CAP_SYS_ADMIN"));
    GTEST_SKIP() << "without CAP_SYS_ADMIN";
  }
  EXPECT_EQ(ReadAll(fd.get()), events);
}

TEST(ProvokeEvents, AQueueThatOverflowed) {
  std::vector<EventState> events = Many(Limit());
  events.push_back(Event(-1, IN_Q_OVERFLOW));
  ExpectBack(events);
  // Some were read meanwhile, and others came.
  events.erase(events.begin(), events.begin() + 4);
  for (int i = 0; i < 3; ++i) events.push_back(Event(7 + i, IN_OPEN));
  ExpectBack(events);
  events.erase(events.begin(), events.end() - 4);
  ExpectBack(events);
}

TEST(ProvokeEvents, ManyButNotMoreThanAllowed) {
  ExpectBack(Many(Limit() - 1));
  const ScopedFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  EXPECT_THAT(ProvokeEvents(fd.get(), Many(Limit() + 1)),
              FailsWith(ErrorCode::kUnsupported, "max_queued_events"));
}

TEST(PlanSteps, RefusesWhatNothingGives) {
  const auto refuses = [](std::vector<EventState> events, const char* why) {
    EXPECT_THAT(PlanSteps(events, ErrorCode::kUnsupported),
                FailsWith(ErrorCode::kUnsupported, why));
  };
  for (const EventState& event :
       {Event(1, 0), Event(1, IN_OPEN | IN_ACCESS), Event(0, IN_OPEN), Event(1, IN_OPEN, "", 3),
        Event(1, IN_CREATE), Event(1, IN_DELETE_SELF, "name"), Event(1, IN_OPEN, ".."),
        Event(1, IN_OPEN, "a/b"), Event(1, IN_MOVED_FROM, "a"), Event(1, IN_Q_OVERFLOW),
        Event(1, IN_CLOSE_WRITE | kDirectory, "a"), Event(1, 0x10000, "a")})
    refuses({event}, "none that can be brought about");
  refuses({Event(-1, IN_Q_OVERFLOW), Event(-1, IN_Q_OVERFLOW)}, "second overflow");
  refuses({Event(1, IN_DELETE_SELF), Event(-1, IN_Q_OVERFLOW)}, "parted from its IN_IGNORED");
  refuses(
      {Event(1, IN_MOVED_FROM, "a", 5), Event(1, IN_CREATE, "x"), Event(1, IN_MOVED_TO, "b", 5)},
      "other half of its rename");
}

}  // namespace
}  // namespace tardigrade::inotify
