#include "supervisor/cli/text.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tardigrade {
namespace {

TEST(BytesText, PicksTheUnit) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText((uint64_t{1} << 20) - 1), "1.0 MiB");
  EXPECT_EQ(BytesText(UINT64_MAX), "16.0 EiB");
}

TEST(DurationText, PicksTheUnit) {
  EXPECT_EQ(DurationText(0), "0 us");
  EXPECT_EQ(DurationText(850'000), "850 us");
  EXPECT_EQ(DurationText(12'340'000), "12.3 ms");
  EXPECT_EQ(DurationText(4'560'000'000), "4.56 s");
  EXPECT_EQ(DurationText(200'000'000'000), "3 min 20 s");
}

TEST(CountText, KnowsThePlural) {
  EXPECT_EQ(CountText(1, "thread"), "1 thread");
  EXPECT_EQ(CountText(0, "thread"), "0 threads");
}

TEST(PrintableText, LeavesNothingForATerminalToObey) {
  EXPECT_EQ(PrintableText("/tmp/gr\xC3\xBC\xC3\x9F"), "/tmp/gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(PrintableText("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(PrintableText("\x7f"), "\\x7f");
  EXPECT_EQ(PrintableText("\xC2\x9B"), "\\xc2\\x9b");           // C1: CSI.
  EXPECT_EQ(PrintableText("\xC0\xAF"), "\\xc0\\xaf");           // Overlong.
  EXPECT_EQ(PrintableText("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // Surrogate.
  EXPECT_EQ(PrintableText("\xE2\x82"), "\\xe2\\x82");           // Cut off.
}

TEST(JsonLine, IsOneLine) {
  const Value value(Value::Object{{"a", Value("x\ny")}, {"b", Value(UINT64_MAX)}});
  EXPECT_EQ(JsonLine(value), "{\"a\":\"x\\ny\",\"b\":18446744073709551615}\n");
}

}  // namespace
}  // namespace tardigrade
