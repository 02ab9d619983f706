#include "supervisor/restore/placed_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

class PlacedFilesTest : public ::testing::Test {
 protected:
  PlacedFilesTest() {
    char name[] = "/tmp/placed_files_test.XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~PlacedFilesTest() override { std::filesystem::remove_all(directory_); }
  std::string Path(const std::string& name) { return directory_ + "/" + name; }

  std::string directory_;
};

TEST_F(PlacedFilesTest, WhatATaskPlacedIsTakenBack) {
  const std::unique_ptr<PlacedFiles> placed = PlacedFiles::Create().value();
  EXPECT_THAT(WriteFile(Path("kept"), "theirs"), IsOk());
  const pid_t task = fork();
  if (task == 0) {
    const bool noted = placed->Note(Path("new"), "").has_value() &&
                       link(Path("kept").c_str(), Path("kept.before").c_str()) == 0 &&
                       placed->Note(Path("kept"), Path("kept.before")).has_value() &&
                       WriteFile(Path("new"), "ours").has_value() &&
                       WriteFile(Path("part"), "ours").has_value() &&
                       rename(Path("part").c_str(), Path("kept").c_str()) == 0;
    _exit(noted ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(task, &status, 0), task);
  ASSERT_EQ(status, 0);
  EXPECT_EQ(ReadFile(Path("kept")).value(), "ours");
  placed->TakeBack();
  EXPECT_EQ(ReadFile(Path("kept")).value(), "theirs");
  EXPECT_EQ(access(Path("kept.before").c_str(), F_OK), -1);
  EXPECT_EQ(access(Path("new").c_str(), F_OK), -1);
}

TEST_F(PlacedFilesTest, WhatWasNotedButNotReplacedStays) {
  const std::unique_ptr<PlacedFiles> placed = PlacedFiles::Create().value();
  EXPECT_THAT(WriteFile(Path("kept"), "theirs"), IsOk());
  ASSERT_EQ(link(Path("kept").c_str(), Path("kept.before").c_str()), 0);
  EXPECT_THAT(placed->Note(Path("kept"), Path("kept.before")), IsOk());
  placed->TakeBack();
  EXPECT_EQ(ReadFile(Path("kept")).value(), "theirs");
  EXPECT_EQ(access(Path("kept.before").c_str(), F_OK), -1);
}

}  // namespace
}  // namespace tardigrade
