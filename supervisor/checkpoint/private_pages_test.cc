#include "supervisor/checkpoint/private_pages.h"

#include <gtest/gtest.h>

#include <tuple>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

// Notes what it is asked.
class FakePagemap final : public Pagemap {
 public:
  explicit FakePagemap(Method method) : method_(method) {}
  Status Find(uint64_t start, uint64_t end, bool file_backed, PageRuns& runs) override {
    asked.emplace_back(start, end, file_backed);
    runs.save.push_back({.address = start, .pages = 1, .flags = 0});
    return Ok();
  }
  Method method() const override { return method_; }
  bool knows_guards() const override { return true; }

  std::vector<std::tuple<uint64_t, uint64_t, bool>> asked;

 private:
  const Method method_;
};

void AddAll(PrivatePages& pages) {
  ASSERT_THAT(pages.Add(0x1000, 0x2000, false), IsOk());
  ASSERT_THAT(pages.Add(0x2000, 0x3000, false), IsOk());
  ASSERT_THAT(pages.Add(0x8000, 0x9000, false), IsOk());  // After a hole.
  ASSERT_THAT(pages.Add(0x9000, 0xa000, true), IsOk());
  ASSERT_THAT(pages.Break(), IsOk());
  ASSERT_THAT(pages.Add(0xc000, 0xd000, true), IsOk());
  ASSERT_THAT(pages.Break(), IsOk());
}

using Asked = std::tuple<uint64_t, uint64_t, bool>;

TEST(PrivatePages, NeighboursOfOneSortAreOneQuestion) {
  FakePagemap pagemap(Pagemap::Method::kScan);
  PrivatePages pages(pagemap);
  AddAll(pages);
  EXPECT_EQ(pagemap.asked, (std::vector{Asked{0x1000, 0x9000, false}, Asked{0x9000, 0xa000, true},
                                        Asked{0xc000, 0xd000, true}}));
  EXPECT_EQ(pages.found().save.size(), 3u);
}

TEST(PrivatePages, HolesAreNotReadEntryByEntry) {
  FakePagemap pagemap(Pagemap::Method::kRead);
  PrivatePages pages(pagemap);
  AddAll(pages);
  EXPECT_EQ(pagemap.asked,
            (std::vector{Asked{0x1000, 0x3000, false}, Asked{0x8000, 0x9000, false},
                         Asked{0x9000, 0xa000, true}, Asked{0xc000, 0xd000, true}}));
}

}  // namespace
}  // namespace tardigrade
