#include "supervisor/resource/describe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/testing/fake_contexts.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FactsOf;

TEST(DescribeFd, NamesSocketsByFamilyAndType) {
  const ScopedFd tcp(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(DescribeFd(FactsOf(tcp.get())), "a TCP socket");
  const ScopedFd local(socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_EQ(DescribeFd(FactsOf(local.get())), "a UNIX socket");
}

TEST(DescribeFd, NamesKernelObjects) {
  FdFacts file;
  file.link = "anon_inode:[io_uring]";
  EXPECT_EQ(DescribeFd(file), "an io_uring instance");
  file.link = "anon_inode:[new_thing]";
  EXPECT_EQ(DescribeFd(file), "a kernel object of the kind [new_thing]");
  file.link = "net:[4026531840]";
  EXPECT_EQ(DescribeFd(file), "a network namespace");
}

TEST(WayOut, SaysWhatToDo) {
  EXPECT_NE(WayOut("anon_inode:[userfaultfd]").find("unregister its memory"), std::string::npos);
  EXPECT_NE(WayOut("/dev/dri/renderD128").find("GPU"), std::string::npos);
  EXPECT_EQ(WayOut("socket:[1]"), " yet; close it first");
  EXPECT_EQ(WayOut("[new thing]"), " yet");
}

TEST(DescribeFd, NamesDevices) {
  const ScopedFd ptmx(open("/dev/ptmx", O_RDWR | O_NOCTTY));
  if (!ptmx.valid()) GTEST_SKIP() << "no pseudo terminals here";
  EXPECT_NE(DescribeFd(FactsOf(ptmx.get())).find("the master side of a pseudo terminal"),
            std::string::npos);
}

TEST(DescribeMapping, NamesWhatIsBehindIt) {
  MemoryMapping mapping;
  mapping.path = "/SYSV00000000";
  mapping.deleted = true;
  EXPECT_EQ(DescribeMapping(mapping), "a System V shared memory segment");
  mapping.path = "/dev/nvidia0";
  EXPECT_EQ(DescribeMapping(mapping), "memory of the device /dev/nvidia0");
}

}  // namespace
}  // namespace tardigrade
