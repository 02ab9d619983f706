#include "supervisor/kernel/numa_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ParseNumaMaps, Policies) {
  const auto parsed = ParseNumaMaps(
      "55d0c8a2e000 default file=/usr/bin/cat mapped=8 mapmax=2 N0=8 kernelpagesize_kB=4\n"
      "55d0c9f5c000 default heap anon=3 dirty=3 N0=3 kernelpagesize_kB=4\n"
      "7f0e2ba00000 bind:0\n"
      "7f0e2bc00000 interleave=static:0-1 anon=512 dirty=512 N0=256 N1=256 kernelpagesize_kB=4\n"
      "7f0e2be00000 prefer (many):0,2 file=/tmp/a\\040b\n"
      "7f0e2bf00000 weighted interleave:0-1\n"
      "7f0e2bf10000 prefer (many)\n"
      "7ffd1c5e2000 local stack anon=4\n");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(
      parsed.value(),
      ElementsAre(Pair(0x55d0c8a2e000, "default"), Pair(0x55d0c9f5c000, "default"),
                  Pair(0x7f0e2ba00000, "bind:0"), Pair(0x7f0e2bc00000, "interleave=static:0-1"),
                  Pair(0x7f0e2be00000, "prefer (many):0,2"),
                  Pair(0x7f0e2bf00000, "weighted interleave:0-1"),
                  Pair(0x7f0e2bf10000, "prefer (many)"), Pair(0x7ffd1c5e2000, "local")));
}

TEST(ParseNumaMaps, RefusesWhatItCannotRead) {
  for (const char* text :
       {"\n", "x default\n", "1000\n", "1000 \n", "1000 default\n1000 default\n"})
    EXPECT_THAT(ParseNumaMaps(text), FailsWith(ErrorCode::kInternal, "numa_maps")) << text;
}

TEST(ParseNumaMaps, OwnProcess) {
  const Result<std::string> text = ReadFile("/proc/self/numa_maps");
  if (!text.has_value()) GTEST_SKIP() << text.error().ToString();
  EXPECT_THAT(ParseNumaMaps(text.value()), IsOk());
}

}  // namespace
}  // namespace tardigrade
