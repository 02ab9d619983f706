#include "plugins/fanotify/fanotify_kind.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <string>

#include "plugins/fanotify/fanotify_state.h"
#include "plugins/fanotify/unread_events.h"
#include "supervisor/base/file_io.h"
#include "supervisor/kernel/own_capabilities.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::fanotify {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class FanotifyKindTest : public ::testing::Test {
 protected:
  FanotifyKindTest() {
    char name[] = "/tmp/fanotify_test.XXXXXX";
    directory_ = mkdtemp(name);
    file_ = directory_ + "/file";
    EXPECT_THAT(WriteFile(file_, "x"), IsOk());
    opened_.Reset(open(directory_.c_str(), O_RDONLY | O_DIRECTORY));
  }
  ~FanotifyKindTest() override {
    unlink(file_.c_str());
    rmdir(directory_.c_str());
  }
  bool Init(unsigned flags, unsigned event_flags = O_RDONLY) {
    fd_.Reset(fanotify_init(flags | FAN_NONBLOCK | FAN_CLOEXEC, event_flags));
    return fd_.valid();
  }
  bool MarkIt(unsigned flags, uint64_t mask, const std::string& path) {
    return fanotify_mark(fd_.get(), FAN_MARK_ADD | flags, mask, AT_FDCWD, path.c_str()) == 0;
  }
  std::vector<FdFacts> All() { return {FactsOf(fd_.get()), FactsOf(opened_.get())}; }
  // The lines are those of before, mounts and all.
  ScopedFd ExpectBack() {
    const std::vector<FdFacts> all = All();
    EXPECT_TRUE(kind_.Claims(all[0]));
    EXPECT_THAT(kind_.Check(all[0], all), IsOk());
    const Result<Value> state = kind_.Collect(all[0], all, contexts_);
    EXPECT_THAT(state, IsOk());
    ScopedFd again = kind_.Create(state.value(), contexts_.create()).value();
    EXPECT_THAT(kind_.Settle(state.value(), again.get(), contexts_.create()), IsOk());
    EXPECT_EQ(Lines(FactsOf(again.get())), Lines(all[0]));
    return again;
  }
  static std::vector<std::string> Lines(const FdFacts& file) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : file.info.lines)
      if (key.starts_with("fanotify")) lines.push_back(StrCat(key, ":", value));
    return lines;
  }
  Status Check() {
    const std::vector<FdFacts> all = All();
    return kind_.Check(all[0], all);
  }

  FanotifyKind kind_;
  FakeContexts contexts_;
  std::string directory_;
  std::string file_;
  ScopedFd fd_;
  ScopedFd opened_;
};

TEST_F(FanotifyKindTest, AnUnprivilegedGroupStaysOne) {
  {
    const ScopedWithoutCapability without(CAP_SYS_ADMIN);
    if (!Init(FAN_REPORT_FID | FAN_REPORT_DFID_NAME)) GTEST_SKIP() << "no fanotify here";
  }
  ASSERT_TRUE(MarkIt(0, FAN_MODIFY | FAN_ATTRIB, file_));
  ASSERT_TRUE(MarkIt(0, FAN_CREATE | FAN_ONDIR | FAN_EVENT_ON_CHILD, directory_));
  const ScopedFd again = ExpectBack();
  EXPECT_TRUE(IsUnprivileged(again.get(), FAN_REPORT_FID).value());
  ASSERT_EQ(truncate(file_.c_str(), 0), 0);
  alignas(fanotify_event_metadata) char bytes[1024];
  ASSERT_GT(read(again.get(), bytes, sizeof(bytes)), 0);
  EXPECT_EQ(reinterpret_cast<fanotify_event_metadata*>(bytes)->mask, uint64_t{FAN_MODIFY});
}

TEST_F(FanotifyKindTest, MarksOfAllSorts) {
  if (!Init(FAN_CLASS_CONTENT | FAN_UNLIMITED_MARKS, O_RDONLY | O_LARGEFILE | O_CLOEXEC))
    GTEST_SKIP() << "takes CAP_SYS_ADMIN";
  ASSERT_TRUE(MarkIt(0, FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, directory_));
  ASSERT_TRUE(MarkIt(FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY, FAN_OPEN, file_));
  ASSERT_TRUE(MarkIt(FAN_MARK_MOUNT, FAN_OPEN_EXEC, "/proc"));
  ASSERT_TRUE(MarkIt(FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC | FAN_ONDIR, "/sys"));
  ASSERT_TRUE(
      MarkIt(FAN_MARK_FILESYSTEM | FAN_MARK_IGNORE_SURV, FAN_OPEN_EXEC | FAN_ONDIR, "/sys"));
  ExpectBack();
}

TEST_F(FanotifyKindTest, PermissionEventsAreRefused) {
  if (!Init(FAN_CLASS_CONTENT)) GTEST_SKIP() << "takes CAP_SYS_ADMIN";
  ASSERT_TRUE(MarkIt(0, FAN_OPEN_PERM, file_));
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "permission events"));
}

TEST_F(FanotifyKindTest, UnreadEventsOfOthersAreRefused) {
  if (!Init(FAN_REPORT_FID)) GTEST_SKIP() << "no fanotify here";
  ASSERT_TRUE(MarkIt(0, FAN_MODIFY, file_));
  const bool may_look = MayMakeAnyGroup();
  ASSERT_EQ(truncate(file_.c_str(), 0), 0);
  if (may_look) {
    EXPECT_THAT(Check(), IsOk());  // What the supervisor did itself.
  }
  ASSERT_EQ(std::system(StrCat("echo > ", file_).c_str()), 0);
  EXPECT_THAT(Check(), FailsWith(ErrorCode::kUnsupported, "unread events"));
}

TEST_F(FanotifyKindTest, MalformedImagesAreRejected) {
  FanotifyState state;
  state.unprivileged = true;
  state.init_flags = FAN_REPORT_FID;
  const auto fails = [&](MarkState mark, const char* why) {
    state.marks = {std::move(mark)};
    EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
                FailsWith(ErrorCode::kBadImage, why));
  };
  fails({.type = 7, .path = "/", .object = ""}, "no such type");
  fails({.type = FAN_MARK_INODE, .path = "", .object = ""}, "either path or object");
  fails({.type = FAN_MARK_MOUNT, .path = "", .object = "x"}, "either path or object");
  fails({.flags = 1, .path = "/", .object = ""}, "unknown flags");
  fails({.mask = FAN_OPEN_PERM, .path = "/", .object = ""}, "unknown flags");
}

TEST(ParseFanotify, SaysWhichMarkItDoesNotKnow) {
  const FdInfo info = ParseFdInfo(
                          "flags:\t02\nfanotify flags:0 event-flags:0\n"
                          "fanotify mnt_ns:4026531841 mflags:0 mask:1000000 ignored_mask:0\n")
                          .value();
  EXPECT_THAT(ParseFanotify(info), FailsWith(ErrorCode::kUnsupported, "fanotify mnt_ns"));
  const FdInfo broken =
      ParseFdInfo("flags:\t02\nfanotify flags:0 event-flags:0\nfanotify sdev:zz\n").value();
  EXPECT_THAT(ParseFanotify(broken), FailsWith(ErrorCode::kInternal, "cannot read"));
}

}  // namespace
}  // namespace tardigrade::fanotify
