#include "plugins/regular_file/mapped_contents.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/regular_file/deleted_file.h"
#include "plugins/regular_file/regular_file_state.h"
#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::regular_file {
namespace {

using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr size_t kPage = 4096;

MemoryMapping MappingAt(const void* address) {
  const std::vector<MemoryMapping> maps = ParseMaps(ReadFile("/proc/self/maps").value()).value();
  for (const MemoryMapping& mapping : maps) {
    if (mapping.start == reinterpret_cast<uint64_t>(address)) return mapping;
  }
  return {};
}

TEST(MappedContents, AllMappingsOfTheFileMakeUpItsContents) {
  const std::string path = ::testing::TempDir() + "/mapped_contents";
  ScopedFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  ASSERT_EQ(ftruncate(fd.get(), 6 * kPage - 100), 0);
  for (size_t page = 0; page < 6; ++page)
    ASSERT_EQ(pwrite(fd.get(), &"ABCDEF"[page], 1, static_cast<off_t>(page * kPage)), 1);
  // Pages 0 to 2 shared, and 1 to 7 private, of which 1 and 4 have been changed; 6 and 7 lie behind
  // the end.
  char* const shared =
      static_cast<char*>(mmap(nullptr, 3 * kPage, PROT_READ, MAP_SHARED, fd.get(), 0));
  char* const changed = static_cast<char*>(
      mmap(nullptr, 7 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.get(), kPage));
  ASSERT_TRUE(shared != MAP_FAILED && changed != MAP_FAILED);
  changed[0] = 'x';
  changed[3 * kPage] = 'y';
  unlink(path.c_str());

  const DeletedFileObject kind;
  FakeContexts contexts({&kind});
  const Result<std::string> key = AddMappedContents(getpid(), MappingAt(changed), contexts);
  ASSERT_THAT(key, IsOk());
  EXPECT_EQ(AddMappedContents(getpid(), MappingAt(shared), contexts).value(), key.value());
  EXPECT_EQ(contexts.warnings.size(), 1u);
  const Result<int> made = contexts.create().Object(key.value());
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(lseek(made.value(), 0, SEEK_END), static_cast<off_t>(6 * kPage));
  std::string seen(6, ' ');
  for (size_t page = 0; page < 6; ++page)
    ASSERT_EQ(pread(made.value(), &seen[page], 1, static_cast<off_t>(page * kPage)), 1);
  EXPECT_EQ(seen, "ABCDyF");
  munmap(shared, 3 * kPage);
  munmap(changed, 7 * kPage);
}

TEST(MappedContents, ZerosAreHoles) {
  const std::string path = ::testing::TempDir() + "/mapped_holes";
  ScopedFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  ASSERT_EQ(ftruncate(fd.get(), 100 * kPage), 0);
  ASSERT_EQ(pwrite(fd.get(), "A", 1, static_cast<off_t>(50 * kPage)), 1);
  void* const mapped = mmap(nullptr, 100 * kPage, PROT_READ, MAP_SHARED, fd.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  unlink(path.c_str());
  const DeletedFileObject kind;
  FakeContexts contexts({&kind});
  const std::string key = AddMappedContents(getpid(), MappingAt(mapped), contexts).value();
  const FileContents contents =
      Decode<DeletedFileState>(*contexts.create().ObjectState(key), "").value().contents;
  EXPECT_EQ(contents.size, 100 * kPage);
  ASSERT_EQ(contents.extents.size(), 1u);
  EXPECT_EQ(contents.extents[0].file_offset, 50 * kPage);
  EXPECT_EQ(contents.extents[0].data.size, kPage);
  munmap(mapped, 100 * kPage);
}

}  // namespace
}  // namespace tardigrade::regular_file
