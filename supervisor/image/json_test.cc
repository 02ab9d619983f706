#include "supervisor/image/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::tardigrade::testing::IsOkAnd;
using ::testing::Eq;

Value Parsed(std::string_view text) {
  Result<Value> parsed = ParseJson(text, "doc");
  EXPECT_THAT(parsed, IsOk()) << text;
  return parsed.has_value() ? std::move(parsed).value() : Value();
}

std::string Again(const std::string& text) {
  const Value value = Parsed(FormatJson(Value(text)));
  return value.AsString() == nullptr ? "" : *value.AsString();
}

TEST(Json, RoundTrip) {
  const Value value(Value::Object{
      {"null", Value()},
      {"flag", Value(true)},
      {"low", Value(INT64_MIN)},
      {"high", Value(UINT64_MAX)},
      {"middle", Value(uint64_t{1} << 53 | 1)},
      {"list", Value(Value::Array{Value("a"), Value(Value::Array{}), Value(Value::Object{})})},
  });
  EXPECT_EQ(Parsed(FormatJson(value)), value);
  EXPECT_EQ(Parsed(FormatJson(value, JsonStyle::kIndented)), value);
}

TEST(Json, Forms) {
  const Value value(
      Value::Object{{"a", Value(Value::Array{Value(1), Value(2)})}, {"b", Value("x")}});
  EXPECT_EQ(FormatJson(value), R"({"a":[1,2],"b":"x"})");
  EXPECT_EQ(FormatJson(value, JsonStyle::kIndented),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": \"x\"\n}");
}

TEST(Json, StringsOfAnyBytes) {
  for (const std::string& text : std::vector<std::string>{
           "", "plain", "\"quoted\" \\ / \b\f\n\r\t\x7f", std::string("nul\0nul", 7),
           "\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xbb", "\xff", "\xc3", "a\xc3(", "\xed\xa0\x80",
           "\xc0\x80", "\xf4\x8f\xbe\x80", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbb\xbf",
           "\xf4\x90\x80\x80", "\xf4\x8f", "/tmp/\xe9t\xe9", "\xe2\x82"})
    EXPECT_EQ(Again(text), text);
  std::string all;
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) all += {static_cast<char>(a), static_cast<char>(b)};
  EXPECT_EQ(Again(all), all);
}

TEST(Json, MembersOfAnyName) {
  const Value value(Value::Object{{"\xff\"", Value(1u)}});
  EXPECT_EQ(Parsed(FormatJson(value)), value);
}

TEST(Json, EscapesNobodyWrites) {
  EXPECT_THAT(ParseJson("\"\xf4\x8f\xbc\x81\"", "doc"),
              FailsWith(ErrorCode::kBadImage, "byte escape"));
}

TEST(Json, NumbersAreIntegers) {
  EXPECT_THAT(ParseJson("-1", "doc"), IsOkAnd(Eq(Value(-1))));
  EXPECT_THAT(ParseJson("-0", "doc"), IsOkAnd(Eq(Value(0u))));
  EXPECT_THAT(ParseJson("18446744073709551615", "doc"), IsOkAnd(Eq(Value(UINT64_MAX))));
  for (const char* text : {"1.5", "1e3", "18446744073709551616", "-9223372036854775809"})
    EXPECT_THAT(ParseJson(text, "doc"), FailsWith(ErrorCode::kBadImage, "no 64-bit integer"));
}

TEST(Json, MalformedTextIsRefused) {
  for (const char* text :
       {"", "{", "[1,", "{\"a\"}", "nul", "[1]x", "\"\xff\"", "{\"a\":1,}", "'a'"})
    EXPECT_THAT(ParseJson(text, "doc"), FailsWith(ErrorCode::kBadImage, "doc is not JSON")) << text;
}

TEST(Json, MembersThatAppearTwiceAreRefused) {
  EXPECT_THAT(ParseJson(R"({"a":1,"a":2})", "doc"), FailsWith(ErrorCode::kBadImage, "\"a\" twice"));
}

TEST(Json, Limits) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  EXPECT_THAT(ParseJson(deep, "doc"), FailsWith(ErrorCode::kBadImage, "too deeply"));
  EXPECT_THAT(ParseJson(deep.substr(1, 128), "doc"), IsOk());
  EXPECT_THAT(ParseJson("[1,2,3]", "doc", {.values = 3}),
              FailsWith(ErrorCode::kBadImage, "too many"));
  EXPECT_THAT(ParseJson("[1,2,3]", "doc", {.bytes = 6}),
              FailsWith(ErrorCode::kBadImage, "too large"));
  EXPECT_THAT(ParseJson(std::string(1 << 20, '['), "doc"),
              FailsWith(ErrorCode::kBadImage, "too deeply"));
}

}  // namespace
}  // namespace tardigrade
