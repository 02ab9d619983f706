#include "supervisor/restore/image_heap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::IsOk;

// In one test, as the first heap of a process counts.
TEST(ImageHeap, HoldsWhatIsMadeMeanwhileForAllChildren) {
  const auto before = std::make_unique<std::string>(1000, 'b');
  std::vector<std::unique_ptr<std::string>> kept;
  {
    ImageHeap heap;
    for (int i = 0; i < 1000; ++i) kept.push_back(std::make_unique<std::string>(100 * i, 'k'));
    EXPECT_GT(ImageHeap::used_bytes(), 1000u * 500 * 100);
    const size_t used = ImageHeap::used_bytes();
    for (int i = 0; i < 1000; ++i)
      EXPECT_EQ(std::make_unique<std::string>(100 * i, 'x')->size(), 100u * i);
    EXPECT_LT(ImageHeap::used_bytes(), used + 1'000'000) << "what is freed is used again";
    ASSERT_THAT(heap.Seal(), IsOk());
    const size_t sealed = ImageHeap::used_bytes();
    const std::string after(5000, 'a');
    EXPECT_EQ(ImageHeap::used_bytes(), sealed);
  }
  const pid_t child = fork();
  if (child == 0) {
    bool same = true;
    for (int i = 0; i < 1000; ++i) same &= *kept[i] == std::string(100 * i, 'k');
    for (auto& text : kept) text->assign(text->size(), 'c');
    kept.clear();
    _exit(same ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(*kept[i], std::string(100 * i, 'k')) << "the child's writes are its own";
  const ImageHeap second;
  kept.clear();
}

}  // namespace
}  // namespace tardigrade
