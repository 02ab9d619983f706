#include "supervisor/restore/huge_pages.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

constexpr uint64_t kHuge = 2 << 20;

MappingDocument Huge(uint64_t page, uint64_t pages, std::vector<std::string> flags) {
  MappingDocument mapping;
  mapping.start = page * kHuge;
  mapping.end = (page + pages) * kHuge;
  mapping.vm_flags = std::move(flags);
  return mapping;
}

TEST(HugePages, WhatIsReservedAndWhatIsSavedIsNeeded) {
  ProcessDocument process;
  process.mappings = {Huge(10, 4, {"ht"}), Huge(20, 4, {"ht", "nr"}), Huge(30, 4, {"rd"})};
  const PageExtent extents[] = {{.address = 10 * kHuge, .pages = 1},
                                {.address = 21 * kHuge - 4096, .pages = 2},
                                {.address = 22 * kHuge + 8192, .pages = 5},
                                {.address = 30 * kHuge, .pages = 1024}};
  EXPECT_EQ(HugePagesNeeded(process, extents), 4u + 3u);
}

TEST(HugePages, AnObjectIsReservedUpToItsEnd) {
  ProcessDocument process;
  process.mappings = {Huge(10, 1, {"ht"}), Huge(12, 1, {"ht"})};
  process.mappings[0].object = process.mappings[1].object = "inode:1:2";
  process.mappings[1].offset = 2 * kHuge;
  EXPECT_EQ(HugePagesNeeded(process, {}), 3u);
}

TEST(HugePages, WhatOthersReservedIsNotToBeHad) {
  const std::string dir = ::testing::TempDir() + "/hugepages";
  mkdir(dir.c_str(), 0700);
  const std::pair<const char*, const char*> files[] = {{"/free_hugepages", "7\n"},
                                                       {"/resv_hugepages", "3\n"},
                                                       {"/nr_overcommit_hugepages", "10\n"},
                                                       {"/surplus_hugepages", "4\n"}};
  for (const auto& [name, text] : files) ASSERT_THAT(WriteFile(dir + name, text), testing::IsOk());
  EXPECT_EQ(HugePagesAvailable(dir).value(), 10u);
}

}  // namespace
}  // namespace tardigrade
