#include "supervisor/kernel/numa_policy.h"

#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

TEST(NumaPolicy, TextAndPolicyAreTheSame) {
  const std::pair<std::string, NumaPolicy> cases[] = {
      {"prefer:1", {1, {2}}},
      {"bind=static:0,64", {2 | 1 << 15, {1, 1}}},
      {"bind=static|balancing:3", {2 | 1 << 15 | 1 << 13, {8}}},
      {"interleave=relative:0,1,3", {3 | 1 << 14, {11}}},
      {"local", {4, {}}},
      {"prefer (many):0", {5, {1}}},
      {"weighted interleave:0", {6, {1}}},
  };
  for (const auto& [text, policy] : cases) {
    EXPECT_EQ(ParseNumaPolicy(text).value(), policy) << text;
    EXPECT_EQ(FormatNumaPolicy(policy).value(), text);
  }
  EXPECT_EQ(ParseNumaPolicy("bind:0-2,5").value(), (NumaPolicy{2, {0x27}}));
  EXPECT_FALSE(ParseNumaPolicy("").value().has_value());
  EXPECT_FALSE(ParseNumaPolicy("default").value().has_value());
  EXPECT_EQ(FormatNumaPolicy({0, {0, 0}}).value(), "default");
  EXPECT_EQ((NumaPolicy{2, {1, 1}}).maxnode(), 129u);
}

TEST(NumaPolicy, WhatIsNoPolicyIsRefused) {
  for (const char* text : {"bound:0", "bind=static|:0", "bind=dynamic:0", "bind:x", "bind:1024",
                           "bind:3-1", "bind:0-1023x"})
    EXPECT_THAT(ParseNumaPolicy(text), FailsWith(ErrorCode::kBadImage, "not a memory policy")) << text;
  EXPECT_THAT(FormatNumaPolicy({99, {1}}), FailsWith(ErrorCode::kUnsupported, "mode"));
  EXPECT_THAT(FormatNumaPolicy({2 | 1 << 20, {1}}), FailsWith(ErrorCode::kUnsupported, "mode"));
}

}  // namespace
}  // namespace tardigrade
