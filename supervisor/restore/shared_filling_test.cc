#include "supervisor/restore/shared_filling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tardigrade {
namespace {

using ::testing::IsEmpty;

// A job that has all ids near those that this process would begin with.
LoadedImage ImageWithThreads(int first, int count) {
  LoadedImage image;
  LoadedProcess& process = image.processes.emplace_back();
  process.document.pid = first;
  for (int i = 0; i < count; ++i) process.document.threads.emplace_back().tid = first + i;
  return image;
}

TEST(SpareIds, AreNoTasksOfTheJobAndDifferent) {
  const int first = 300 + getpid() % (32767 - 300);
  const LoadedImage image = ImageWithThreads(first, 20);
  SpareIds ids(image);
  std::set<int32_t> taken;
  for (int i = 0; i < 50; ++i) {
    const std::optional<int32_t> id = ids.Take();
    ASSERT_TRUE(id.has_value());
    EXPECT_TRUE(*id < first || *id >= first + 20) << *id;
    EXPECT_TRUE(taken.insert(*id).second);
  }
}

TEST(SpareIds, AnImageThatHasAllLeavesNone) {
  const LoadedImage image = ImageWithThreads(1, 40000);
  EXPECT_FALSE(SpareIds(image).Take().has_value());
}

TEST(ShareFilling, SaysWhichReadsAndBringsHelpersForManyBytesOnly) {
  SpareIds ids(ImageWithThreads(1, 1));
  ThreadPlans nothing, little, much;
  ShareFilling({}, ids, nothing);
  EXPECT_EQ(nothing.fill_begin, nothing.fill_end);
  const std::vector<FillMark> one = {{.op = 7, .bytes = 8 << 20}};
  ShareFilling(one, ids, little);
  EXPECT_EQ(little.fill_begin, 7u);
  EXPECT_EQ(little.fill_end, 8u);
  EXPECT_THAT(little.fill_tids, IsEmpty());
  std::vector<FillMark> many;
  for (uint64_t i = 1; i <= 100; ++i) many.push_back({.op = 5 + 2 * i, .bytes = i << 23});
  ShareFilling(many, ids, much);
  EXPECT_EQ(much.fill_begin, 7u);
  EXPECT_EQ(much.fill_end, 206u);
  // As many as there are processors more than one, which may be none.
  EXPECT_LE(much.fill_tids.size(), protocol::kMaxFillHelpers);
}

}  // namespace
}  // namespace tardigrade
