#ifndef SUPERVISOR_BASE_STR_CAT_H_
#define SUPERVISOR_BASE_STR_CAT_H_

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>

namespace tardigrade {

// Joins its arguments as operator<< prints them.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Prints as "0x7f00...": for addresses and masks in messages.
struct Hex {
  explicit Hex(uint64_t v) : value(v) {}
  uint64_t value;
  friend std::ostream& operator<<(std::ostream& out, Hex hex) {
    return out << "0x" << std::hex << hex.value << std::dec;
  }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_STR_CAT_H_
