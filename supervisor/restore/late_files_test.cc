#include "supervisor/restore/late_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

constexpr int kFirstFd = 400;
constexpr size_t kCount = 300;  // More than one message holds.

// The offset of a description tells which it is, and that it is the same one.
int LookInChild(const LateFiles& late, size_t step) {
  const Result<std::vector<ScopedFd>> files = late.Look();
  if (!files.has_value() || files.value().size() != kCount) return 1;
  for (size_t i = 0; i < kCount; ++i) {
    const int fd = files.value()[i].get();
    if (lseek(fd, 0, SEEK_CUR) != static_cast<off_t>(i + step) || lseek(fd, 1, SEEK_CUR) < 0) return 2;
    if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) return 3;
  }
  return 0;
}

TEST(LateFiles, EverybodyGetsTheSameDescriptionsInOrder) {
  const LateFiles late = LateFiles::Create(kCount, kFirstFd).value();
  std::vector<ScopedFd> made;
  std::vector<int> numbers;
  for (size_t i = 0; i < kCount; ++i) {
    made.emplace_back(memfd_create("late", MFD_CLOEXEC));
    ASSERT_EQ(lseek(made.back().get(), static_cast<off_t>(i), SEEK_SET), static_cast<off_t>(i));
    numbers.push_back(made.back().get());
  }
  ASSERT_THAT(late.Send(numbers), IsOk());
  for (size_t step = 0; step < 2; ++step) {
    const pid_t child = fork();
    if (child == 0) _exit(LookInChild(late, step));
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

TEST(LateFiles, NoneAreNone) {
  const LateFiles late = LateFiles::Create(0, kFirstFd).value();
  ASSERT_THAT(late.Send({}), IsOk());
  EXPECT_TRUE(late.Look().value().empty());
}

TEST(LateFiles, NothingIsThereBeforeItWasSent) {
  const LateFiles late = LateFiles::Create(1, kFirstFd).value();
  EXPECT_FALSE(late.Look().has_value());
}

}  // namespace
}  // namespace tardigrade
