#include "supervisor/resource/moved_files.h"

#include <gtest/gtest.h>

namespace tardigrade {
namespace {

TEST(MovedPath, ADirectoryTakesAlongWhatIsBelowIt) {
  const MovedFiles moved = {{"/a", "/new"}, {"/a/b/c", "/elsewhere"}};
  EXPECT_EQ(MovedPath(moved, "/a"), "/new");
  EXPECT_EQ(MovedPath(moved, "/a/b"), "/new/b");
  EXPECT_EQ(MovedPath(moved, "/a/b/x"), "/new/b/x");
  EXPECT_EQ(MovedPath(moved, "/a/b/c"), "/elsewhere");
  EXPECT_EQ(MovedPath(moved, "/a/b/c/d"), "/elsewhere/d");
}

TEST(MovedPath, WhatOnlyBeginsAlikeStays) {
  const MovedFiles moved = {{"/a", "/new"}};
  EXPECT_EQ(MovedPath(moved, "/ab"), "/ab");
  EXPECT_EQ(MovedPath(moved, "/b/a"), "/b/a");
  EXPECT_EQ(MovedPath(moved, "a/b"), "a/b");
  EXPECT_EQ(MovedPath({}, "/a"), "/a");
}

}  // namespace
}  // namespace tardigrade
