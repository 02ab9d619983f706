#include "plugins/char_device/char_device_kind.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::char_device {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

TEST(CharDeviceKind, EachDeviceComesBack) {
  const CharDeviceKind kind;
  FakeContexts contexts;
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    const ScopedFd fd(open(path, O_RDWR | O_NONBLOCK));
    const FdFacts file = FactsOf(fd.get());
    EXPECT_TRUE(kind.Claims(file)) << path;
    const Result<Value> state = kind.Collect(file, {}, contexts);
    ASSERT_THAT(state, IsOk());
    const Result<ScopedFd> again = kind.Create(state.value(), contexts.create());
    ASSERT_THAT(again, IsOk());
    const FdFacts made = FactsOf(again.value().get());
    EXPECT_EQ(made.stat.st_rdev, file.stat.st_rdev);
    EXPECT_EQ(made.info.flags & ~uint64_t{O_CLOEXEC}, file.info.flags & ~uint64_t{O_CLOEXEC});
  }
}

TEST(CharDeviceKind, DevicesWithStateAreNotClaimed) {
  FdFacts file;
  file.stat.st_mode = S_IFCHR;
  file.stat.st_rdev = makedev(1, 11);  // /dev/kmsg
  EXPECT_FALSE(CharDeviceKind().Claims(file));
  file.stat.st_rdev = makedev(10, 229);  // /dev/fuse
  EXPECT_FALSE(CharDeviceKind().Claims(file));
}

TEST(CharDeviceKind, MalformedImagesAreRejected) {
  FakeContexts contexts;
  CharDeviceState state;
  state.path = "/dev/mem";
  state.device_minor = 1;
  EXPECT_THAT(CharDeviceKind().Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "device_minor"));
}

}  // namespace
}  // namespace tardigrade::char_device
