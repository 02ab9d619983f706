#include "supervisor/image/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;

enum class Color : uint8_t { kRed = 1, kGreen = 2 };

struct Inner {
  int32_t small = 0;
  std::string name;
  bool operator==(const Inner&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("small", self.small, Range<int32_t>{-5, 5});
    visit("name", self.name, Range<size_t>{0, 8});
  }
};

struct Outer {
  uint64_t big = 0;
  bool flag = false;
  Color color = Color::kRed;
  std::optional<int64_t> maybe;
  std::vector<Inner> list;
  std::array<uint16_t, 2> pair = {};
  std::map<std::string, Inner> named;
  bool operator==(const Outer&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("big", self.big);
    visit("flag", self.flag);
    visit("color", self.color);
    visit("maybe", self.maybe);
    visit("list", self.list);
    visit("pair", self.pair);
    visit("named", self.named);
  }
};

Outer Example() {
  return {.big = UINT64_MAX,
          .flag = true,
          .color = Color::kGreen,
          .maybe = -1,
          .list = {{.small = -5, .name = "a"}, {.small = 5, .name = "b"}},
          .pair = {1, 65535},
          .named = {{"x", {.small = 1, .name = "y"}}}};
}

Value Without(const char* member) {
  Value::Object object = *Encode(Example()).AsObject();
  object.erase(member);
  return Value(std::move(object));
}

Value With(const char* member, Value value) {
  Value::Object object = *Encode(Example()).AsObject();
  object[member] = std::move(value);
  return Value(std::move(object));
}

TEST(Fields, RoundTripKeepsEverything) {
  const Result<Outer> decoded = Decode<Outer>(Encode(Example()), "outer");
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded.value(), Example());
}

TEST(Fields, EmptyOptionalIsLeftOut) {
  EXPECT_EQ(Decode<Outer>(Without("maybe"), "outer").value().maybe, std::nullopt);
}

TEST(Fields, MissingFieldIsNamed) {
  EXPECT_THAT(Decode<Outer>(Without("big"), "outer"), FailsWith(ErrorCode::kBadImage, "outer.big is missing"));
}

TEST(Fields, NumbersThatDoNotFitAreRefused) {
  EXPECT_THAT(Decode<Outer>(With("big", Value(-1)), "outer"), FailsWith(ErrorCode::kBadImage, "outer.big"));
  EXPECT_THAT(Decode<Outer>(With("color", Value(256)), "outer"), FailsWith(ErrorCode::kBadImage, "outer.color"));
}

TEST(Fields, OutOfRangeIsRefusedWithItsPlace) {
  const Value::Array list = {Encode(Inner{.small = 6, .name = ""})};
  EXPECT_THAT(Decode<Outer>(With("list", Value(list)), "outer"),
              FailsWith(ErrorCode::kBadImage, "outer.list[0].small is out of range"));
}

TEST(Fields, WrongTypesAreRefused) {
  EXPECT_THAT(Decode<Outer>(With("flag", Value(1)), "outer"), FailsWith(ErrorCode::kBadImage, "not a boolean"));
  EXPECT_THAT(Decode<Outer>(With("pair", Value(Value::Array{Value(1)})), "outer"),
              FailsWith(ErrorCode::kBadImage, "outer.pair"));
  EXPECT_THAT(Decode<Outer>(Value("text"), "outer"), FailsWith(ErrorCode::kBadImage, "not an object"));
}

}  // namespace
}  // namespace tardigrade
