#include "plugins/directory/directory_kind.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "plugins/directory/directory_state.h"
#include "plugins/directory/removed_directory.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::directory {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class DirectoryKindTest : public ::testing::Test {
 protected:
  DirectoryKindTest() {
    char name[] = "/tmp/directory_test.XXXXXX";
    path_ = mkdtemp(name);
    EXPECT_EQ(symlink("nowhere", (path_ + "/link").c_str()), 0);
  }
  ~DirectoryKindTest() override {
    unlink((path_ + "/link").c_str());
    rmdir(path_.c_str());
  }
  Result<ScopedFd> RoundTrip(const ScopedFd& fd) {
    const FdFacts file = FactsOf(fd.get());
    EXPECT_TRUE(kind_.Claims(file));
    EXPECT_THAT(kind_.Check(file, {}), IsOk());
    const Result<Value> state = kind_.Collect(file, {}, contexts_);
    EXPECT_THAT(state, IsOk());
    return kind_.Create(state.value(), contexts_.create());
  }
  DirectoryKind kind_;
  RemovedDirectoryObject removed_;
  FakeContexts contexts_{{&removed_}};
  std::string path_;
};

TEST_F(DirectoryKindTest, ADirectoryIsReadOnFromWhereItWas) {
  ScopedFd fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY));
  char entries[1024];
  while (getdents64(fd.get(), entries, sizeof(entries)) > 0) {
  }
  const Result<ScopedFd> again = RoundTrip(fd);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(FactsOf(again.value().get()).link, path_);
  EXPECT_EQ(getdents64(again.value().get(), entries, sizeof(entries)), 0);
}

TEST_F(DirectoryKindTest, PathOnlyDescriptorsComeBack) {
  for (const std::string& path :
       {path_, path_ + "/link", std::string("/dev/null"), std::string("/etc/passwd")}) {
    const ScopedFd fd(open(path.c_str(), O_PATH | O_NOFOLLOW));
    const Result<ScopedFd> again = RoundTrip(fd);
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(FactsOf(again.value().get()).stat.st_ino, FactsOf(fd.get()).stat.st_ino);
    EXPECT_EQ(FactsOf(again.value().get()).info.flags & O_PATH, uint64_t{O_PATH});
  }
}

TEST_F(DirectoryKindTest, OrdinaryFilesAreNotClaimed) {
  EXPECT_FALSE(kind_.Claims(FactsOf(ScopedFd(open("/etc/passwd", O_RDONLY)).get())));
}

TEST_F(DirectoryKindTest, ARemovedDirectoryIsRemovedAgain) {
  const std::string gone = path_ + "/gone", inner = gone + "/inner";
  ASSERT_EQ(mkdir(gone.c_str(), 0700), 0);
  ASSERT_EQ(mkdir(inner.c_str(), 0750), 0);
  const ScopedFd fd(open(inner.c_str(), O_RDONLY | O_DIRECTORY));
  const ScopedFd path_only(open(inner.c_str(), O_PATH | O_DIRECTORY));
  rmdir(inner.c_str());
  rmdir(gone.c_str());
  ASSERT_EQ(mkdir(gone.c_str(), 0700), 0);  // Another one.
  const Result<ScopedFd> again = RoundTrip(fd);
  ASSERT_THAT(again, IsOk());
  const FdFacts facts = FactsOf(again.value().get());
  EXPECT_EQ(facts.stat.st_nlink, 0u);
  EXPECT_EQ(facts.stat.st_mode & 07777, 0750u);
  EXPECT_EQ(facts.link, inner + " (deleted)");
  const Result<ScopedFd> path_again = RoundTrip(path_only);
  ASSERT_THAT(path_again, IsOk());
  EXPECT_EQ(FactsOf(path_again.value().get()).stat.st_ino, facts.stat.st_ino);
  EXPECT_EQ(rmdir(gone.c_str()), 0);
}

TEST_F(DirectoryKindTest, ADirectoryThatIsMissingIsRefused) {
  const std::string gone = path_ + "/gone";
  ASSERT_EQ(mkdir(gone.c_str(), 0700), 0);
  const ScopedFd fd(open(gone.c_str(), O_RDONLY | O_DIRECTORY));
  const FdFacts before = FactsOf(fd.get());
  const Value state = kind_.Collect(before, {}, contexts_).value();
  rmdir(gone.c_str());
  EXPECT_THAT(kind_.Create(state, contexts_.create()), FailsWith(ErrorCode::kSystem, "--set-file"));
}

TEST_F(DirectoryKindTest, AViewOfAProcessIsRefused) {
  const ScopedFd fd(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  EXPECT_THAT(kind_.Check(FactsOf(fd.get()), {}),
              FailsWith(ErrorCode::kUnsupported, "a view of a running process"));
}

TEST_F(DirectoryKindTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Encode(DirectoryState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "directory.path"));
}

}  // namespace
}  // namespace tardigrade::directory
