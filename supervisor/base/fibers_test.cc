#include "supervisor/base/fibers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tardigrade {
namespace {

using std::chrono::microseconds;

TEST(FibersTest, OthersGoOnWhileOneNaps) {
  std::string trace;
  const auto body = [&trace](char name) {
    return [&trace, name] {
      for (int step = 0; step < 3; ++step) {
        trace += name;
        Nap(microseconds(1));
      }
    };
  };
  const std::vector<std::function<void()>> bodies = {body('a'), body('b'), body('c')};
  RunAsFibers(bodies);
  EXPECT_EQ(trace, "abcabcabc");
}

TEST(FibersTest, OneMayWaitForAnother) {
  bool told = false;
  const std::vector<std::function<void()>> bodies = {
      [&told] {
        while (!told) Nap(microseconds(1));
      },
      [&told] {
        Nap(microseconds(1));
        told = true;
      }};
  RunAsFibers(bodies);
  EXPECT_TRUE(told);
}

TEST(FibersTest, TheyHaveRoomAndMayBeMany) {
  int done = 0;
  const std::function<void()> body = [&done] {
    volatile char room[kFiberStackBytes / 2];
    room[0] = 1;
    Nap(microseconds(1));
    done += room[0];
  };
  RunAsFibers(std::vector<std::function<void()>>(100, body));
  EXPECT_EQ(done, 100);
}

TEST(FibersTest, WithinAFiberOthersRunOneAfterTheOther) {
  std::string trace;
  const auto inner = [&trace](char name) {
    return [&trace, name] {
      trace += name;
      Nap(microseconds(1));
      trace += name;
    };
  };
  const std::function<void()> outer = [&] {
    RunAsFibers(std::vector<std::function<void()>>{inner('x'), inner('y')});
  };
  RunAsFibers(std::vector<std::function<void()>>{outer, [] { Nap(microseconds(1)); }});
  EXPECT_EQ(trace, "xxyy");
}

TEST(FibersTest, ANapOutsideIsASleep) {
  const auto before = std::chrono::steady_clock::now();
  Nap(std::chrono::milliseconds(2));
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(2));
}

}  // namespace
}  // namespace tardigrade
