#include "supervisor/cli/text.h"

#include <array>
#include <cstdio>

#include "supervisor/base/str_cat.h"
#include "supervisor/image/json.h"

namespace tardigrade {
namespace {

std::string Fixed(double value, int digits, const char* unit) {
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, unit);
  return text.data();
}

std::string HexByte(unsigned char byte) {
  std::array<char, 8> text{};
  (void)std::snprintf(text.data(), text.size(), "\\x%02x", byte);
  return text.data();
}

// Bytes of the UTF-8 sequence at the start of `text`, 0 if it is none (RFC 3629: no overlong
// forms, no surrogates, at most U+10FFFF) or is a control character beyond ASCII.
size_t PrintableSequence(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead >= 0xC2 && lead <= 0xDF) {
    // U+0080..U+009F are the C1 controls.
    return tail(1) && !(lead == 0xC2 && byte(1) < 0xA0) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

// Length of the printable character at the start of `text`; 0 if there is none.
size_t PrintableCharacter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  return PrintableSequence(text);
}

}  // namespace

std::string BytesText(uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return StrCat(bytes, " B");
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  // 1023.95 would print as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Fixed(value, 1, kUnits[unit]);
}

std::string DurationText(int64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000'000) return Fixed(value / 1e3, 0, "us");
  if (ns < 1'000'000'000) return Fixed(value / 1e6, 1, "ms");
  if (ns < 60'000'000'000) return Fixed(value / 1e9, 2, "s");
  const int64_t seconds = ns / 1'000'000'000;
  return StrCat(seconds / 60, " min ", seconds % 60, " s");
}

std::string CountText(uint64_t count, std::string_view noun) {
  return StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string PrintableText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = PrintableCharacter(text);
    if (length == 0) {
      out += HexByte(static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string JsonLine(const Value& value) { return FormatJson(value) + "\n"; }

}  // namespace tardigrade
