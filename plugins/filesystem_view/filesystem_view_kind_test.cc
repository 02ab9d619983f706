#include "plugins/filesystem_view/filesystem_view_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/filesystem_view/filesystem_view_state.h"
#include "tests/testing/matchers.h"
#include "tests/testing/practice_task.h"

namespace tardigrade::filesystem_view {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::PracticeTask;

TEST(FilesystemViewKind, DirectoryAndUmaskComeBack) {
  const FilesystemViewKind kind;
  PracticeTask source([] {
    umask(0137);
    if (chdir("/usr/lib") != 0) abort();
  });
  const Value saved = source.Collect(kind).value();
  EXPECT_EQ(Decode<FilesystemViewState>(saved, "").value().umask, 0137u);
  PracticeTask restored;
  EXPECT_NE(restored.Collect(kind).value(), saved);
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(FilesystemViewKind, ARemovedWorkingDirectoryIsAnObject) {
  char name[] = "/tmp/filesystem_view.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  PracticeTask source([&] {
    if (chdir(name) != 0) abort();
  });
  ASSERT_EQ(rmdir(name), 0);
  const Result<Value> saved = source.Collect(FilesystemViewKind());
  ASSERT_THAT(saved, IsOk());
  const FilesystemViewState state = Decode<FilesystemViewState>(saved.value(), "").value();
  EXPECT_EQ(state.working_directory, name);
  EXPECT_NE(state.object, "");
  TaskPlan plan;
  ASSERT_THAT(FilesystemViewKind().Restore(saved.value(), {}, plan), IsOk());
  EXPECT_EQ(plan[Phase::kProcess].size(), 1u);
}

TEST(FilesystemViewKind, AWorkingDirectoryMayHaveMoved) {
  FilesystemViewState state{
      .umask = 0, .working_directory = "/no/such/directory", .object = "", .root_directory = ""};
  TaskPlan plan;
  EXPECT_THAT(FilesystemViewKind().Restore(
                  Encode(state),
                  {.moved = {{"/no/such", "/usr/lib/.."}, {"/no/such/directory", "/tmp"}}}, plan),
              IsOk());
}

TEST(FilesystemViewKind, AnotherRootComesBack) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
  const FilesystemViewKind kind;
  PracticeTask source([] {
    if (chdir("/usr/lib") != 0 || chroot("/usr") != 0) abort();
  });
  const Value saved = source.Collect(kind).value();
  EXPECT_EQ(Decode<FilesystemViewState>(saved, "").value().root_directory, "/usr");
  EXPECT_EQ(Decode<FilesystemViewState>(saved, "").value().working_directory, "/usr/lib");
  PracticeTask restored;
  ASSERT_THAT(restored.Restore(kind, saved), IsOk());
  EXPECT_EQ(restored.Collect(kind).value(), saved);
}

TEST(FilesystemViewKind, ARemovedRootIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "chroot(2) needs root";
  char name[] = "/tmp/filesystem_view.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  PracticeTask source([&] {
    if (chroot(name) != 0) abort();
  });
  ASSERT_EQ(rmdir(name), 0);
  EXPECT_THAT(source.Collect(FilesystemViewKind()),
              FailsWith(ErrorCode::kUnsupported, "cannot be reached by that path"));
}

TEST(FilesystemViewKind, BadImagesAreRejected) {
  TaskPlan plan;
  FilesystemViewState state{
      .umask = 0, .working_directory = "tmp", .object = "", .root_directory = ""};
  EXPECT_THAT(FilesystemViewKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "absolute"));
  state = {.umask = 07777, .working_directory = "/", .object = "", .root_directory = ""};
  EXPECT_THAT(FilesystemViewKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "umask"));
  state = {.umask = 0, .working_directory = "/", .object = "", .root_directory = "usr"};
  EXPECT_THAT(FilesystemViewKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kBadImage, "root_directory is not an absolute path"));
  state = {
      .umask = 0, .working_directory = "/no/such/directory", .object = "", .root_directory = ""};
  EXPECT_THAT(FilesystemViewKind().Restore(Encode(state), {}, plan),
              FailsWith(ErrorCode::kSystem, "/no/such"));
}

}  // namespace
}  // namespace tardigrade::filesystem_view
