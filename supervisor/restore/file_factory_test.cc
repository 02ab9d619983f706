#include "supervisor/restore/file_factory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "supervisor/base/file_io.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::ElementsAre;

constexpr int kFirstFd = 200;

class FakeObject final : public ObjectKind {
 public:
  explicit FakeObject(int& made) : made_(made) {}
  std::string_view name() const override { return "fake_object"; }
  Result<ScopedFd> Create(const Value&, CreateContext& context) const override {
    ++made_;
    context.Warn("object");
    return OpenFile("/dev/null", O_RDWR);
  }

 private:
  int& made_;
};

class FakeMemory final : public ObjectKind {
 public:
  explicit FakeMemory(int& made) : made_(made) {}
  std::string_view name() const override { return "fake_memory"; }
  bool may_be_mapped() const override { return true; }
  Result<ScopedFd> Create(const Value&, CreateContext&) const override {
    ++made_;
    return OpenFile("/dev/zero", O_RDWR);
  }

 private:
  int& made_;
};

// A file that is a copy of the object its state names, or of /dev/zero.
class FakeFile final : public FdKind {
 public:
  std::string_view name() const override { return "fake_file"; }
  bool Claims(const FdFacts&) const override { return false; }
  Result<Value> Collect(const FdFacts&, std::span<const FdFacts>, CollectContext&) const override {
    return Value();
  }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override {
    if (state.AsString() == nullptr) return OpenFile("/dev/zero", O_RDONLY);
    ASSIGN_OR_RETURN(const int object, context.Object(*state.AsString()));
    return ScopedFd(dup(object));
  }
};

class FileFactoryTest : public ::testing::Test {
 protected:
  FileFactoryTest() {
    kinds_.fds.push_back(std::make_unique<FakeFile>());
    kinds_.objects.push_back(std::make_unique<FakeObject>(objects_made_));
    kinds_.objects.push_back(std::make_unique<FakeMemory>(memories_made_));
    documents_.objects["a"] = {.kind = "fake_object", .state = Value()};
    documents_.objects["strange"] = {.kind = "nobody", .state = Value()};
  }
  void AddFile(const char* kind, Value state) {
    documents_.files.push_back({.kind = kind, .state = std::move(state)});
  }

  int objects_made_ = 0;
  int memories_made_ = 0;
  KindList kinds_;
  FilesDocument documents_;
  testing::FakeAttachments attachments_;
  std::map<std::string, std::string> moved_ = {{"/old", "/new"}};
  FileFactory factory_{kinds_, documents_, attachments_, moved_, kFirstFd};
};

TEST_F(FileFactoryTest, MakesEachFileOnceOutOfTheWay) {
  AddFile("fake_file", Value());
  AddFile("fake_file", Value("a"));
  AddFile("fake_file", Value("a"));
  ASSERT_THAT(factory_.CreateFiles(), IsOk());
  for (size_t i = 0; i < 3; ++i) EXPECT_GE(factory_.file(i), kFirstFd);
  EXPECT_NE(factory_.file(1), factory_.file(2));
  EXPECT_EQ(objects_made_, 1);
  EXPECT_GE(factory_.Object("a").value(), kFirstFd);
  EXPECT_THAT(factory_.warnings(), ElementsAre("object"));
}

// Those forked after CreateFiles() have it in common, whether or not a descriptor leads to it.
TEST_F(FileFactoryTest, MakesWhatIsMappedWithTheFiles) {
  documents_.objects["memory"] = {.kind = "fake_memory", .state = Value()};
  ASSERT_THAT(factory_.CreateFiles(), IsOk());
  EXPECT_EQ(memories_made_, 1);
  EXPECT_EQ(objects_made_, 0);
  EXPECT_GE(factory_.Object("memory").value(), kFirstFd);
  EXPECT_EQ(memories_made_, 1);
}

TEST_F(FileFactoryTest, WhatTheImageNamesMustExist) {
  EXPECT_THAT(factory_.Object("b"), FailsWith(ErrorCode::kBadImage, "no object b"));
  EXPECT_THAT(factory_.Object("strange"), FailsWith(ErrorCode::kBadImage, "nobody"));
  EXPECT_THAT(factory_.OpenBacking({.kind = "nobody", .state = Value()}),
              FailsWith(ErrorCode::kBadImage, "nobody"));
  AddFile("fake_file", Value("b"));
  EXPECT_THAT(factory_.CreateFiles(), FailsWith(ErrorCode::kBadImage, "making fake_file 0"));
}

TEST_F(FileFactoryTest, UnknownKindsAreNamed) {
  AddFile("hologram", Value());
  EXPECT_THAT(factory_.CreateFiles(), FailsWith(ErrorCode::kBadImage, "hologram"));
}

TEST_F(FileFactoryTest, FilesMayHaveMoved) {
  EXPECT_EQ(factory_.MovedPath("/old"), "/new");
  EXPECT_EQ(factory_.MovedPath("/other"), "/other");
}

}  // namespace
}  // namespace tardigrade
