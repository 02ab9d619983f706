#include "plugins/regular_file/regular_file_kind.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <string>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/regular_file_state.h"
#include "plugins/regular_file/saved_file.h"
#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"
#include "tests/testing/run_here.h"

namespace tardigrade::regular_file {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::RunHere;

class RegularFileKindTest : public ::testing::Test {
 protected:
  RegularFileKindTest() {
    char name[] = "/tmp/regular_file_test.XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/data";
    EXPECT_THAT(WriteFile(path_, "0123456789"), IsOk());
  }
  ~RegularFileKindTest() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }
  ScopedFd Open(int flags) { return OpenFile(path_, flags).value(); }
  Value Collect(const ScopedFd& fd) {
    const FdFacts file = FactsOf(fd.get());
    EXPECT_TRUE(kind_.Claims(file));
    EXPECT_THAT(kind_.Check(file, std::span(&file, 1)), IsOk());
    const Result<Value> state = kind_.Collect(file, std::span(&file, 1), contexts_);
    EXPECT_THAT(state, IsOk());
    return state.value();
  }
  ScopedFd Create(const Value& state) {
    Result<ScopedFd> made = kind_.Create(state, contexts_.create());
    EXPECT_THAT(made, IsOk());
    return std::move(made).value();
  }

  RegularFileKind kind_;
  DeletedFileObject object_;
  SavedFileObject saved_;
  FakeContexts contexts_{{&object_, &saved_}};
  std::string directory_;
  std::string path_;
};

std::string ReadRest(const ScopedFd& fd) {
  char text[64];
  const ssize_t got = read(fd.get(), text, sizeof(text));
  return std::string(text, got < 0 ? 0 : static_cast<size_t>(got));
}

TEST_F(RegularFileKindTest, OffsetAndFlagsComeBack) {
  const ScopedFd fd = Open(O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC);
  lseek(fd.get(), 4, SEEK_SET);
  const ScopedFd again = Create(Collect(fd));
  EXPECT_EQ(FactsOf(again.get()).info.flags, FactsOf(fd.get()).info.flags);
  EXPECT_EQ(ReadRest(again), "456789");
  EXPECT_EQ(FactsOf(fd.get()).info.FindNumber("pos", 10).value(), 4u);
}

TEST_F(RegularFileKindTest, FlagsThatOnlyOpenCanSetComeBackAlsoThroughALink) {
  const ScopedFd fd = Open(O_RDONLY | O_NOFOLLOW | O_DSYNC);
  const Value state = Collect(fd);
  const uint64_t flags = FactsOf(fd.get()).info.flags;
  EXPECT_NE(flags & O_NOFOLLOW, 0u);
  EXPECT_EQ(FactsOf(Create(state).get()).info.flags, flags);
  const std::string moved = path_ + ".moved";
  ASSERT_EQ(rename(path_.c_str(), moved.c_str()), 0);
  ASSERT_EQ(symlink(moved.c_str(), path_.c_str()), 0);
  EXPECT_EQ(FactsOf(Create(state).get()).info.flags, flags);
  unlink(moved.c_str());
}

TEST_F(RegularFileKindTest, AMissingOrChangedFileIsRefusedUnlessItMoved) {
  const Value state = Collect(Open(O_RDONLY));
  const std::string moved = path_ + ".moved";
  ASSERT_EQ(rename(path_.c_str(), moved.c_str()), 0);
  EXPECT_THAT(
      kind_.Create(state, contexts_.create()),
      FailsWith(ErrorCode::kUnsupported,
                "is missing; put back the file the job had open, or name it with --set-file"));
  contexts_.moved[path_] = moved;
  EXPECT_THAT(kind_.Create(state, contexts_.create()), IsOk());
  ASSERT_THAT(WriteFile(moved, "something else"), IsOk());
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "has changed: it was 10 bytes"));
  unlink(moved.c_str());
}

TEST_F(RegularFileKindTest, AFileTheJobWritesMayHaveGrownButNotShrunk) {
  const ScopedFd fd = Open(O_WRONLY);
  lseek(fd.get(), 0, SEEK_END);
  const Value state = Collect(fd);
  ASSERT_EQ(write(fd.get(), "more", 4), 4);
  EXPECT_THAT(kind_.Create(state, contexts_.create()), IsOk());
  EXPECT_EQ(contexts_.warnings,
            std::vector{path_ + " grew by 4 bytes since the snapshot; it stays so"});
  ASSERT_EQ(ftruncate(fd.get(), 9), 0);
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "is shorter (9 bytes)"));
}

TEST_F(RegularFileKindTest, ADeletedFileComesBackOnceWithItsContents) {
  const ScopedFd writer = Open(O_WRONLY);
  const ScopedFd reader = Open(O_RDONLY);
  ASSERT_EQ(fchmod(reader.get(), 0400), 0);
  lseek(writer.get(), 3, SEEK_SET);
  unlink(path_.c_str());
  const Value writer_state = Collect(writer);
  const Value reader_state = Collect(reader);
  const ScopedFd writer_again = Create(writer_state);
  const ScopedFd reader_again = Create(reader_state);
  contexts_.DropObjects();
  ASSERT_EQ(write(writer_again.get(), "XY", 2), 2);
  EXPECT_EQ(ReadRest(reader_again), "012XY56789");
  EXPECT_EQ(FactsOf(reader_again.get()).stat.st_nlink, 0u);
  EXPECT_EQ(FactsOf(reader_again.get()).stat.st_mode & 07777, 0400u);
  EXPECT_EQ(access(path_.c_str(), F_OK), -1);
}

TEST_F(RegularFileKindTest, AReplacedNameIsADeletedFile) {
  const ScopedFd fd = Open(O_RDONLY);
  unlink(path_.c_str());
  ASSERT_THAT(WriteFile(path_, "new file"), IsOk());
  EXPECT_EQ(ReadRest(Create(Collect(fd))), "0123456789");
}

TEST_F(RegularFileKindTest, AFileThatNeverHadANameComesBack) {
  const ScopedFd fd(open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.valid()) GTEST_SKIP() << "no O_TMPFILE here";
  ASSERT_EQ(write(fd.get(), "abc", 3), 3);
  const ScopedFd again = Create(Collect(fd));
  EXPECT_EQ(FactsOf(again.get()).info.flags, FactsOf(fd.get()).info.flags);
  EXPECT_EQ(FactsOf(again.get()).info.FindNumber("pos", 10).value(), 3u);
}

TEST_F(RegularFileKindTest, ARemovedNameWithAnotherBesideItIsThatOne) {
  const ScopedFd fd = Open(O_RDWR);
  const std::string other = path_ + ".link";
  ASSERT_EQ(link(path_.c_str(), other.c_str()), 0);
  unlink(path_.c_str());
  EXPECT_THAT(WriteFile(path_, "new file"), IsOk());
  EXPECT_EQ(FactsOf(Create(Collect(fd)).get()).link, other);
  unlink(other.c_str());
}

TEST_F(RegularFileKindTest, ARemovedNameWithAnUnknownOneLeftIsCopiedUnlessWritten) {
  const std::string below = directory_ + "/below", other = below + "/link";
  ASSERT_EQ(mkdir(below.c_str(), 0700), 0);
  ASSERT_EQ(link(path_.c_str(), other.c_str()), 0);
  const ScopedFd written = Open(O_RDWR);
  const ScopedFd read = Open(O_RDONLY);
  unlink(path_.c_str());
  FdFacts files[] = {FactsOf(read.get()), FactsOf(written.get())};
  EXPECT_THAT(kind_.Check(files[0], files), FailsWith(ErrorCode::kUnsupported, "--save-files"));
  files[1].save_files = files[0].save_files = true;
  EXPECT_THAT(kind_.Check(files[1], files), IsOk());
  EXPECT_EQ(ReadRest(Create(Collect(read))), "0123456789");
  EXPECT_EQ(contexts_.warnings.size(), 1u);
  unlink(other.c_str());
  rmdir(below.c_str());
}

TEST_F(RegularFileKindTest, ThePolicyDecidesOnChangedFiles) {
  const Value read = Collect(Open(O_RDONLY));
  const Value written = Collect(Open(O_RDWR));
  EXPECT_THAT(WriteFile(path_, "longer than it was"), IsOk());
  EXPECT_THAT(kind_.Create(written, contexts_.create()), IsOk());
  contexts_.changed_files = ChangedFiles::kRefuse;
  EXPECT_THAT(kind_.Create(written, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "has changed"));
  contexts_.changed_files = ChangedFiles::kWarn;
  EXPECT_THAT(kind_.Create(read, contexts_.create()), IsOk());
  EXPECT_EQ(contexts_.warnings.size(), 2u);
}

TEST_F(RegularFileKindTest, ACopyIsPutBackAtomicallyAndOnlyWhenAsked) {
  contexts_.copies = true;
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  const Value state = Collect(Open(O_WRONLY));
  EXPECT_THAT(kind_.Create(state, contexts_.create()), IsOk());
  contexts_.DropObjects();
  EXPECT_THAT(WriteFile(path_, "newer"), IsOk());
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kUnsupported, "--changed-files put-back"));
  contexts_.changed_files = ChangedFiles::kPutBack;
  const ScopedFd other = Open(O_RDONLY);
  Create(state);
  const std::string displaced = path_ + ".before-restore";
  EXPECT_EQ(contexts_.placed, (std::vector{std::pair(path_, displaced)}));
  EXPECT_EQ(ReadFile(path_).value(), "0123456789");
  EXPECT_EQ(ReadFile(displaced).value(), "newer");
  EXPECT_EQ(ReadRest(other), "newer");
  EXPECT_EQ(FactsOf(Open(O_RDONLY).get()).stat.st_mode & 07777, 0640u);
  unlink(displaced.c_str());
  contexts_.DropObjects();
  unlink(path_.c_str());
  Create(state);
  EXPECT_EQ(contexts_.placed.back(), (std::pair(path_, std::string())));
  EXPECT_EQ(ReadFile(path_).value(), "0123456789");
}

TEST_F(RegularFileKindTest, LeasesAreTakenAgain) {
  ScopedFd fd = Open(O_RDONLY);
  if (fcntl(fd.get(), F_SETLEASE, F_RDLCK) != 0) GTEST_SKIP() << "no leases here";
  const Value state = Collect(fd);
  fd.Reset();
  const ScopedFd again = Create(state);
  EXPECT_EQ(fcntl(again.get(), F_GETLEASE), F_UNLCK);
  SyscallPlan plan;
  ASSERT_THAT(kind_.PlanInTask(state, again.get(), plan), IsOk());
  ASSERT_THAT(RunHere(plan).Check(), IsOk());
  EXPECT_EQ(fcntl(again.get(), F_GETLEASE), F_RDLCK);
  unlink(path_.c_str());
  const FdFacts file = FactsOf(again.get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "no name any more"));
}

TEST_F(RegularFileKindTest, LocksAreTakenAgain) {
  ScopedFd fd = Open(O_RDWR);
  ASSERT_EQ(flock(fd.get(), LOCK_EX), 0);
  struct flock range = {};
  range.l_type = F_WRLCK;
  range.l_start = 5;
  range.l_len = 2;
  ASSERT_EQ(fcntl(fd.get(), F_SETLK, &range), 0);
  const Value state = Collect(fd);
  const Result<Value> of_process = kind_.CollectOfProcess(FactsOf(fd.get()));
  ASSERT_THAT(of_process, IsOk());
  EXPECT_THAT(kind_.Create(state, contexts_.create()),
              FailsWith(ErrorCode::kSystem, "still running?"));
  fd.Reset();
  const ScopedFd again = Create(state);
  SyscallPlan plan;
  ASSERT_THAT(kind_.PlanInTask(state, again.get(), plan), IsOk());
  ASSERT_THAT(RunHere(plan).Check(), IsOk());
  EXPECT_EQ(FactsOf(again.get()).info.FindAll("lock").size(), 1u);
  SyscallPlan of_process_plan;
  ASSERT_THAT(kind_.PlanOfProcess(state, of_process.value(), again.get(), 0, of_process_plan), IsOk());
  ASSERT_THAT(RunHere(of_process_plan).Check(), IsOk());
  EXPECT_EQ(FactsOf(again.get()).info.FindAll("lock").size(), 2u);
  EXPECT_TRUE(kind_.CollectOfProcess(FactsOf(Open(O_RDONLY).get())).value().IsNull());
}

TEST_F(RegularFileKindTest, FilesOfProcHaveNoSizeToCompare) {
  const ScopedFd fd(open("/proc/meminfo", O_RDONLY));
  EXPECT_FALSE(ReadRest(Create(Collect(fd))).empty());
  const ScopedFd own(open("/proc/self/status", O_RDONLY));
  EXPECT_FALSE(kind_.Claims(FactsOf(own.get())));  // Another kind's.
}

TEST_F(RegularFileKindTest, MalformedImagesAreRejected) {
  RegularFileState state;
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "regular_file.path"));
  state.path = path_;
  state.object = "inode:1:2";
  EXPECT_THAT(kind_.Create(Encode(state), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "no object inode:1:2"));
  EXPECT_THAT(object_.Create(Encode(DeletedFileState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "deleted_file.key"));
  SavedFileState saved;
  saved.path = "relative";
  EXPECT_THAT(saved_.Create(Encode(saved), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "not an absolute path"));
}

}  // namespace
}  // namespace tardigrade::regular_file
