#ifndef SUPERVISOR_KERNEL_PROC_TEXT_H_
#define SUPERVISOR_KERNEL_PROC_TEXT_H_

#include <charconv>
#include <string_view>

// The few steps that every parser of /proc text is made of.

namespace tardigrade::proc_text {

// Takes the first line off `text`, without its newline.
inline std::string_view TakeLine(std::string_view& text) {
  const size_t eol = text.find('\n');
  const std::string_view line = text.substr(0, eol);
  text.remove_prefix(eol == std::string_view::npos ? text.size() : eol + 1);
  return line;
}

inline void SkipBlanks(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && (text[n] == ' ' || text[n] == '\t')) ++n;
  text.remove_prefix(n);
}

// Takes the next word (no blanks in it) and the blanks before it off `text`; empty at the end.
inline std::string_view TakeWord(std::string_view& text) {
  SkipBlanks(text);
  size_t n = 0;
  while (n < text.size() && text[n] != ' ' && text[n] != '\t' && text[n] != '\n') ++n;
  const std::string_view word = text.substr(0, n);
  text.remove_prefix(n);
  return word;
}

// Takes a number off the front of `text`.  False, `text` unchanged, if there is none that fits.
template <typename T>
bool TakeNumber(std::string_view& text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

inline bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// True if all of `text` is one number.
template <typename T>
bool IsNumber(std::string_view text, T& out, int base = 10) {
  return TakeNumber(text, out, base) && text.empty();
}

}  // namespace tardigrade::proc_text

#endif  // SUPERVISOR_KERNEL_PROC_TEXT_H_
