#include "supervisor/kernel/memory_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include <chrono>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

MemoryMapping One(std::string_view line) {
  Result<std::vector<MemoryMapping>> parsed = ParseMaps(line);
  EXPECT_THAT(parsed, IsOk());
  if (!parsed.has_value() || parsed.value().size() != 1) return {};
  return parsed.value()[0];
}

TEST(ParseMaps, FileMapping) {
  const MemoryMapping m = One(
      "55d0c8a2e000-55d0c8a30000 r-xp 00002000 fe:01 1835037                    /usr/bin/cat\n");
  EXPECT_EQ(m, (MemoryMapping{.start = 0x55d0c8a2e000,
                              .end = 0x55d0c8a30000,
                              .prot = PROT_READ | PROT_EXEC,
                              .shared = false,
                              .offset = 0x2000,
                              .dev = makedev(0xfe, 1),
                              .inode = 1835037,
                              .path = "/usr/bin/cat",
                              .deleted = false}));
}

TEST(ParseMaps, AnonymousMemoryHasNoPath) {
  const MemoryMapping m = One("7f12a0000000-7f12a0021000 rw-p 00000000 00:00 0 \n");
  EXPECT_EQ(m.prot, PROT_READ | PROT_WRITE);
  EXPECT_EQ(m.path, "");
  EXPECT_EQ(m.size_bytes(), 0x21000u);
}

TEST(ParseMaps, NoAccess) {
  EXPECT_EQ(One("7f12a0021000-7f12a4000000 ---p 00000000 00:00 0 ").prot, PROT_NONE);
}

TEST(ParseMaps, NamesOfTheKernel) {
  for (const char* name :
       {"[heap]", "[stack]", "[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[uprobes]",
        "[anon:glibc: malloc arena]", "[anon_shmem:a (deleted)]", "[anon:x (deleted)]"}) {
    const MemoryMapping m = One(StrCat(
        "7ffd1c5e2000-7ffd1c603000 rw-p 00000000 00:00 0                          ", name, "\n"));
    EXPECT_EQ(m.path, name);
    EXPECT_FALSE(m.deleted);
  }
}

TEST(ParseMaps, DeletedFiles) {
  const MemoryMapping memfd =
      One("7f3b1c000000-7f3b1c001000 rw-s 00000000 00:01 2049                       "
          "/memfd:buffer (deleted)\n");
  EXPECT_EQ(memfd.path, "/memfd:buffer");
  EXPECT_TRUE(memfd.deleted);
  EXPECT_TRUE(memfd.shared);
  const MemoryMapping sysv =
      One("7f3b1c000000-7f3b1c001000 rw-s 00000000 00:01 7 /SYSV0000002a (deleted)");
  EXPECT_EQ(sysv.path, "/SYSV0000002a");
  // Only the last suffix is the kernel's.
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7 /a (deleted) (deleted)").path, "/a (deleted)");
}

TEST(ParseMaps, AwkwardFileNames) {
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7  /tmp/a b  c ").path, "/tmp/a b  c ");
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7  /tmp/a\\012b").path, "/tmp/a\nb");
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7  /tmp/a\\134").path, "/tmp/a\\134");
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7  /tmp/\\012").path, "/tmp/\n");
  EXPECT_EQ(One("1000-2000 r--p 00000000 00:2a 7  anon_inode:[io_uring]").path,
            "anon_inode:[io_uring]");
}

TEST(ParseMaps, LargeNumbers) {
  const MemoryMapping m =
      One("ffffffffff600000-ffffffffff601000 --xp 7fffffffff000 103:1a2 18446744073709551615 /big");
  EXPECT_EQ(m.start, 0xffffffffff600000u);
  EXPECT_EQ(m.offset, 0x7fffffffff000u);
  EXPECT_EQ(m.dev, makedev(0x103, 0x1a2));
  EXPECT_EQ(m.inode, UINT64_MAX);
}

TEST(ParseMaps, RefusesWhatItCannotRead) {
  for (const char* line :
       {"\n", "x", "1000", "1000-", "1000-2000", "1000-2000 rwx", "1000-2000 rwxq 0 0:0 0",
        "1000-2000 rwap 0 0:0 0", "2000-1000 rwxp 0 0:0 0", "1000-2000 rwxp 0 00 0",
        "1000-2000 rwxp 0 0:0", "1000-2000 rwxp 0 0:0 0x", "11112222333344445-2 rwxp 0 0:0 0"})
    EXPECT_THAT(ParseMaps(line), FailsWith(ErrorCode::kInternal, "maps")) << line;
}

TEST(ParseMaps, EmptyIsNoMapping) { EXPECT_TRUE(ParseMaps("").value().empty()); }

TEST(ParseMaps, OwnProcess) {
  const Result<std::vector<MemoryMapping>> own = ParseMaps(ReadFile("/proc/self/maps").value());
  ASSERT_THAT(own, IsOk());
  EXPECT_GT(own.value().size(), 10u);
}

TEST(ParseMaps, TwelveThousandLinesTakeMilliseconds) {
  std::string text;
  for (int i = 0; i < 12000; ++i)
    text +=
        "7f3b1c000000-7f3b1c001000 rw-p 00000000 fe:01 2049                       "
        "/usr/lib/x86_64-linux-gnu/libexample.so.1\n";
  const auto start = std::chrono::steady_clock::now();
  ASSERT_THAT(ParseMaps(text), IsOk());
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  RecordProperty("milliseconds", std::to_string(took.count()));
  EXPECT_LT(took.count(), 100);  // Generous: machines that run tests are busy.
}

}  // namespace
}  // namespace tardigrade
