#include "supervisor/image/json_string.h"

#include <cstddef>
#include <cstdint>

namespace tardigrade::json_string {
namespace {

// U+10FF00..U+10FFFF in UTF-8: f4 8f bc..bf 80..bf.
constexpr char32_t kFirstEscape = 0x10ff00;

bool IsContinuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// The length of the well-formed UTF-8 character `text` begins with (RFC 3629: shortest form, no
// surrogates, up to U+10FFFF), and the character; 0 if there is none.
size_t TakeCharacter(std::string_view text, char32_t& character) {
  const auto at = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xc2 ? 0
                        : lead < 0xe0 ? 2
                        : lead < 0xf0 ? 3
                        : lead < 0xf5 ? 4
                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  if (length == 1) return character = lead, 1;
  character = lead & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(at(i))) return 0;
    character = character << 6 | (at(i) & 0x3f);
  }
  const bool overlong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
  const bool surrogate = character >= 0xd800 && character < 0xe000;
  return overlong || surrogate || character > 0x10ffff ? 0 : length;
}

void AppendEscapedByte(unsigned char byte, std::string& out) {
  const char32_t c = kFirstEscape + byte;
  out += static_cast<char>(0xf0 | c >> 18);
  out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
  out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
  out += static_cast<char>(0x80 | (c & 0x3f));
}

void AppendAscii(char c, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n') {
    out += "\\n";
  } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
  } else {
    out += c;
  }
}

}  // namespace

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    char32_t character = 0;
    size_t length = TakeCharacter(text, character);
    if (length == 1) {
      AppendAscii(text[0], out);
    } else if (length == 0 || character >= kFirstEscape) {
      length = length == 0 ? 1 : length;
      for (size_t i = 0; i < length; ++i)
        AppendEscapedByte(static_cast<unsigned char>(text[i]), out);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  out += '"';
}

bool Unescape(std::string& text) {
  constexpr std::string_view kPrefix = "\xf4\x8f";
  size_t from = text.find(kPrefix);
  if (from == std::string::npos) return true;
  std::string out = text.substr(0, from);
  while (from < text.size()) {
    char32_t character = 0;
    const size_t length = TakeCharacter(std::string_view(text).substr(from), character);
    if (length == 0) return false;
    if (character >= kFirstEscape) {
      if (character < kFirstEscape + 0x80) return false;
      out += static_cast<char>(character - kFirstEscape);
    } else {
      out.append(text, from, length);
    }
    from += length;
  }
  text = std::move(out);
  return true;
}

}  // namespace tardigrade::json_string
