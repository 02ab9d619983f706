#include "plugins/builtin.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <set>
#include <string>

#include "tests/testing/fake_contexts.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FactsOf;

TEST(BuiltinKinds, HaveNamesOfTheirOwn) {
  KindList kinds;
  AddFdKinds(kinds);
  AddMappingKinds(kinds);
  std::set<std::string_view> fds, mappings, objects;
  for (const auto& kind : kinds.fds) EXPECT_TRUE(fds.insert(kind->name()).second) << kind->name();
  for (const auto& kind : kinds.mappings)
    EXPECT_TRUE(mappings.insert(kind->name()).second) << kind->name();
  for (const auto& kind : kinds.objects)
    EXPECT_TRUE(objects.insert(kind->name()).second) << kind->name();
}

TEST(BuiltinKinds, EveryDescriptorHasOneKind) {
  KindList kinds;
  AddFdKinds(kinds);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int fds[] = {open("/etc/passwd", O_RDONLY),
                     open("/etc/passwd", O_PATH),
                     open("/tmp", O_RDONLY | O_DIRECTORY),
                     open("/tmp", O_PATH),
                     open("/dev/null", O_RDWR),
                     open("/dev/null", O_PATH),
                     eventfd(0, 0),
                     epoll_create1(0),
                     timerfd_create(CLOCK_MONOTONIC, 0),
                     inotify_init(),
                     memfd_create("x", 0),
                     ends[0],
                     ends[1]};
  for (const int fd : fds) {
    const FdFacts file = FactsOf(fd);
    std::string claims;
    for (const auto& kind : kinds.fds)
      if (kind->Claims(file)) claims += StrCat(kind->name(), " ");
    EXPECT_EQ(std::count(claims.begin(), claims.end(), ' '), 1) << file.link << ": " << claims;
    close(fd);
  }
}

// Whose a terminal is depends on who has the other side.
TEST(BuiltinKinds, EveryTerminalHasOneKind) {
  KindList kinds;
  AddFdKinds(kinds);
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || unlockpt(master) != 0) GTEST_SKIP() << "no pseudo terminals here";
  const int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(slave, 0);
  const std::vector<FdFacts> both = {FactsOf(master), FactsOf(slave)};
  const auto kind_of = [&kinds](const FdFacts& file, std::span<const FdFacts> all) {
    std::string claims;
    for (const auto& kind : kinds.fds)
      if (kind->ClaimsAmong(file, all)) claims += kind->name();
    return claims;
  };
  EXPECT_EQ(kind_of(both[0], both), "pty");
  EXPECT_EQ(kind_of(both[1], both), "pty");
  EXPECT_EQ(kind_of(both[1], std::span(both).subspan(1)), "terminal");
  close(master);
  EXPECT_EQ(kind_of(both[1], std::span(both).subspan(1)), "pty") << "hung up";
  close(slave);
}

TEST(BuiltinKinds, NoMappingHasTwoKinds) {
  KindList kinds;
  AddMappingKinds(kinds);
  for (const char* path :
       {"", "[heap]", "[stack]", "[vdso]", "[anon:x]", "[anon_shmem:x]", "/lib/x.so", "/memfd:x",
        "/dev/zero", "/anon_hugepage", "/SYSV00000000", "/dev/nvidia0"}) {
    for (const int bits : {0, 1, 2, 3, 4, 5, 6, 7}) {
      MemoryMapping mapping;
      mapping.path = path;
      mapping.shared = (bits & 1) != 0;
      mapping.deleted = (bits & 2) != 0;
      mapping.inode = (bits & 4) != 0 ? 5 : 0;
      int claims = 0;
      for (const auto& kind : kinds.mappings) claims += kind->Claims(mapping) ? 1 : 0;
      EXPECT_LE(claims, 1) << path << " " << bits;
    }
  }
}

}  // namespace
}  // namespace tardigrade
