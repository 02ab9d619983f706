#include "supervisor/checkpoint/same_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

FdFacts Facts(int fd) {
  FdFacts facts;
  facts.pid = getpid();
  facts.fd = fd;
  facts.local_fd = fd;
  fstat(fd, &facts.stat);
  return facts;
}

TEST(GroupByFile, FindsCopiesAmongManyOpensOfOneFile) {
  const ScopedFd a(open("/dev/null", O_RDWR)), b(open("/dev/null", O_RDWR));
  const ScopedFd a2(dup(a.get())), other(open("/dev/zero", O_RDONLY)), b2(dup(b.get())), a3(dup(a.get()));
  std::vector<FdFacts> all;
  for (const ScopedFd* fd : {&a, &b, &a2, &other, &b2, &a3}) all.push_back(Facts(fd->get()));
  std::vector<size_t> file_of, first_of;
  ASSERT_THAT(GroupByFile(all, file_of, first_of), IsOk());
  EXPECT_THAT(file_of, ElementsAre(0, 1, 0, 2, 1, 0));
  EXPECT_THAT(first_of, ElementsAre(0, 1, 3));
}

TEST(GroupByFile, NoDescriptors) {
  std::vector<size_t> file_of, first_of;
  ASSERT_THAT(GroupByFile({}, file_of, first_of), IsOk());
  EXPECT_THAT(file_of, IsEmpty());
  EXPECT_THAT(first_of, IsEmpty());
}

TEST(GroupByFile, ADescriptorThatIsGoneIsAnError) {
  const ScopedFd a(open("/dev/null", O_RDWR));
  std::vector<FdFacts> all = {Facts(a.get()), Facts(a.get())};
  all[1].local_fd = 1 << 20;
  std::vector<size_t> file_of, first_of;
  EXPECT_THAT(GroupByFile(all, file_of, first_of), FailsWith(ErrorCode::kSystem, "kcmp"));
}

}  // namespace
}  // namespace tardigrade
