#include "plugins/inotify/inotify_kind.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <string>

#include "plugins/inotify/inotify_state.h"
#include "plugins/inotify/read_all.h"
#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::inotify {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class InotifyKindTest : public ::testing::Test {
 protected:
  InotifyKindTest() {
    char name[] = "/tmp/inotify_test.XXXXXX";
    directory_ = mkdtemp(name);
    file_ = directory_ + "/file";
    EXPECT_THAT(WriteFile(file_, "x"), IsOk());
  }
  ~InotifyKindTest() override {
    unlink(file_.c_str());
    rmdir(directory_.c_str());
  }
  // With the directory open, a user without rights finds what is watched as well.
  std::vector<FdFacts> All() { return {FactsOf(fd_.get()), FactsOf(open_directory().get())}; }
  const ScopedFd& open_directory() {
    if (!opened_.valid()) opened_.Reset(open(directory_.c_str(), O_RDONLY | O_DIRECTORY));
    return opened_;
  }
  Value Collect() {
    const std::vector<FdFacts> all = All();
    EXPECT_TRUE(kind_.Claims(all[0]));
    EXPECT_THAT(kind_.Check(all[0], all), IsOk());
    const Result<Value> state = kind_.Collect(all[0], all, contexts_);
    EXPECT_THAT(state, IsOk());
    return state.value();
  }

  ScopedFd Restore(const Value& state) {
    ScopedFd again = kind_.Create(state, contexts_.create()).value();
    EXPECT_THAT(kind_.Settle(state, again.get(), contexts_.create()), IsOk());
    return again;
  }

  InotifyKind kind_;
  FakeContexts contexts_;
  std::string directory_;
  std::string file_;
  ScopedFd fd_{inotify_init1(IN_NONBLOCK)};
  ScopedFd opened_;
};

TEST_F(InotifyKindTest, WatchesComeBackUnderTheirNumbers) {
  ASSERT_EQ(inotify_add_watch(fd_.get(), "/", IN_CREATE), 1);
  ASSERT_EQ(inotify_add_watch(fd_.get(), file_.c_str(), IN_MODIFY | IN_ATTRIB), 2);
  ASSERT_EQ(inotify_rm_watch(fd_.get(), 1), 0);
  ASSERT_EQ(inotify_add_watch(fd_.get(), directory_.c_str(), IN_DELETE | IN_EXCL_UNLINK), 3);
  char event[256];
  ASSERT_GT(read(fd_.get(), event, sizeof(event)), 0);  // IN_IGNORED of watch 1.

  const ScopedFd again = Restore(Collect());
  EXPECT_EQ(FactsOf(again.get()).info.FindAll("inotify wd"),
            FactsOf(fd_.get()).info.FindAll("inotify wd"));
  EXPECT_EQ(read(again.get(), event, sizeof(event)), -1);
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  ASSERT_GT(read(again.get(), event, sizeof(event)), 0);
  EXPECT_EQ(reinterpret_cast<inotify_event*>(event)->wd, 2);
}

TEST_F(InotifyKindTest, UnreadEventsComeBackAndStay) {
  ASSERT_EQ(inotify_add_watch(fd_.get(), file_.c_str(), IN_ATTRIB), 1);
  ASSERT_EQ(inotify_add_watch(fd_.get(), directory_.c_str(), IN_MOVE | IN_CREATE), 2);
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  ASSERT_EQ(rename(file_.c_str(), (file_ + "2").c_str()), 0);
  ASSERT_EQ(rename((file_ + "2").c_str(), file_.c_str()), 0);
  ASSERT_EQ(inotify_add_watch(fd_.get(), "/", IN_ATTRIB), 3);
  ASSERT_EQ(inotify_rm_watch(fd_.get(), 3), 0);
  const std::vector<FdFacts> all = All();
  if (const Status seen = kind_.Check(all[0], all); !seen.has_value()) {
    EXPECT_THAT(seen, FailsWith(ErrorCode::kDenied, "snapshot as root"));
    GTEST_SKIP() << seen.error().ToString();
  }
  const Value state = Collect();
  const ScopedFd again = Restore(state);
  const std::vector<EventState> events = ReadAll(fd_.get());
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(WithoutCookies(ReadAll(again.get())), WithoutCookies(events));
  EXPECT_EQ(inotify_add_watch(again.get(), "/", IN_ATTRIB), 4);
}

TEST_F(InotifyKindTest, AnOpenFileWithoutANameIsWatchedAgain) {
  ASSERT_EQ(inotify_add_watch(fd_.get(), file_.c_str(), IN_MODIFY), 1);
  const ScopedFd open_file(open(file_.c_str(), O_RDWR));
  ASSERT_EQ(unlink(file_.c_str()), 0);
  const std::vector<FdFacts> all = {FactsOf(fd_.get()), FactsOf(open_file.get())};
  ASSERT_THAT(kind_.Check(all[0], all), IsOk());
  const InotifyState state =
      Decode<InotifyState>(kind_.Collect(all[0], all, contexts_).value(), "inotify").value();
  EXPECT_EQ(state.watches[0].path, "");
  EXPECT_EQ(state.watches[0].object, InodeKey(all[1].stat));
}

TEST_F(InotifyKindTest, WhatCannotBeFoundIsRefused) {
  ASSERT_EQ(inotify_add_watch(fd_.get(), file_.c_str(), IN_MODIFY), 1);
  FdFacts file = FactsOf(fd_.get());
  file.info.lines = {{"inotify wd", "1 ino:7fffffff sdev:fe00000 mask:2 ignored_mask:0 "}};
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "snapshot as root"));
}

TEST_F(InotifyKindTest, PathsThatBecameOneFileAreRefused) {
  InotifyState state;
  state.watches = {{.wd = 1, .mask = IN_MODIFY, .path = file_, .object = ""},
                   {.wd = 2, .mask = IN_MODIFY, .path = file_, .object = ""}};
  const ScopedFd again = kind_.Create(Encode(state), contexts_.create()).value();
  EXPECT_THAT(kind_.Settle(Encode(state), again.get(), contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "the same file now"));
}

TEST_F(InotifyKindTest, MalformedImagesAreRejected) {
  InotifyState state;
  state.watches = {{.wd = 2, .mask = IN_MODIFY, .path = file_, .object = ""},
                   {.wd = 1, .mask = IN_MODIFY, .path = "/", .object = ""}};
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "not in order"));
  state.watches = {{.wd = 0, .mask = IN_MODIFY, .path = file_, .object = ""}};
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "inotify.watches[0].wd"));
  state.watches = {{.wd = 1, .mask = IN_MODIFY, .path = "", .object = ""}};
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "either path or object"));
  state.watches.clear();
  state.events = {{.wd = 1, .mask = IN_CREATE, .cookie = 0, .name = "a/b"}};
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "an unread event of watch 1"));
}

TEST(ParseInotify, ReadsNumbersAndHandles) {
  const FdInfo info =
      ParseFdInfo(
          "flags:\t00\ninotify wd:1f ino:35d sdev:fe00000 mask:80000002 ignored_mask:0 "
          "fhandle-bytes:8 fhandle-type:1 f_handle:5d03000000000000\n")
          .value();
  const Result<std::vector<WatchLine>> lines = ParseInotify(info);
  ASSERT_THAT(lines, IsOk());
  EXPECT_EQ(lines.value()[0].wd, 31);
  EXPECT_EQ(lines.value()[0].inode.handle, (std::vector<uint8_t>{0x5d, 3, 0, 0, 0, 0, 0, 0}));
  const FdInfo broken = ParseFdInfo(
                            "flags:\t00\ninotify wd:1 ino:35d sdev:0 mask:2 fhandle-bytes:8 "
                            "fhandle-type:1 f_handle:5d\n")
                            .value();
  EXPECT_THAT(ParseInotify(broken), FailsWith(ErrorCode::kInternal, "file handle"));
}

}  // namespace
}  // namespace tardigrade::inotify
