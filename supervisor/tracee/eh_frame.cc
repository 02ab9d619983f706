#include "supervisor/tracee/eh_frame.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace tardigrade {
namespace {

constexpr uint8_t kOmitted = 0xff;
constexpr uint8_t kRelativeToItself = 0x10;

// Reads forward; once anything was missing all that follows reads 0.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes, size_t at) : bytes_(bytes), at_(at) {}

  bool ok() const { return ok_; }
  size_t at() const { return at_; }

  template <typename T>
  T Take() {
    T value{};
    if (!ok_ || at_ > bytes_.size() || bytes_.size() - at_ < sizeof(T)) {
      ok_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  // LEB128 of either sign: its value is of no interest here.
  void SkipNumber() {
    while (ok_ && (Take<uint8_t>() & 0x80) != 0) {
    }
  }

  std::string TakeString() {
    std::string text;
    for (char c = 0; (c = Take<char>()) != 0;) text += c;
    return text;
  }

  // A pointer in a DWARF encoding.
  std::optional<uint64_t> TakePointer(uint8_t encoding, uint64_t section_address) {
    const uint64_t base = (encoding & 0x70) == kRelativeToItself ? section_address + at_ : 0;
    if ((encoding & 0x70) != kRelativeToItself && (encoding & 0x70) != 0) return std::nullopt;
    uint64_t value = 0;
    switch (encoding & 0x0f) {
      case 0x00:
      case 0x04:
      case 0x0c:
        value = Take<uint64_t>();
        break;
      case 0x03:
        value = Take<uint32_t>();
        break;
      case 0x0b:
        value = static_cast<uint64_t>(int64_t{Take<int32_t>()});
        break;
      default:
        return std::nullopt;
    }
    return ok_ ? std::optional(base + value) : std::nullopt;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_;
  bool ok_ = true;
};

// How the frame descriptions of the common information entry at `at` encode addresses.
uint8_t PointerEncoding(std::span<const std::byte> section, size_t at) {
  Cursor cursor(section, at + 8);  // Past its length and id.
  const auto version = cursor.Take<uint8_t>();
  const std::string augmentation = cursor.TakeString();
  cursor.SkipNumber();  // Code alignment.
  cursor.SkipNumber();  // Data alignment.
  if (version == 1) {
    (void)cursor.Take<uint8_t>();  // Return address register.
  } else {
    cursor.SkipNumber();
  }
  if (augmentation.empty()) return cursor.ok() ? 0 : kOmitted;
  if (augmentation.front() != 'z') return kOmitted;
  cursor.SkipNumber();  // Length of what follows.
  uint8_t encoding = 0;
  for (const char c : augmentation.substr(1)) {
    if (c == 'R') encoding = cursor.Take<uint8_t>();
    if (c == 'L') (void)cursor.Take<uint8_t>();
    if (c == 'P') {
      const auto personality = cursor.Take<uint8_t>();
      if (!cursor.TakePointer(personality & 0x0f, 0).has_value()) return kOmitted;
    }
  }
  return cursor.ok() ? encoding : kOmitted;
}

bool FitsOffset(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

}  // namespace

std::vector<FrameEntry> ListFrames(std::span<const std::byte> section, uint64_t address) {
  std::vector<FrameEntry> entries;
  std::map<size_t, uint8_t> encodings;  // By place of the common information entry.
  size_t at = 0;
  while (at < section.size()) {
    Cursor cursor(section, at);
    const size_t entry = at;
    const auto length = cursor.Take<uint32_t>();
    if (!cursor.ok() || length == 0xffffffff) break;  // The 64-bit form is not in use.
    at = cursor.at() + length;
    const size_t id_at = cursor.at();
    if (length < 4) continue;  // A terminator; more may follow it.
    const auto id = cursor.Take<uint32_t>();
    if (id == 0 || id > id_at) continue;  // A common information entry, or nonsense.
    const auto [encoding, is_new] = encodings.try_emplace(id_at - id, kOmitted);
    if (is_new) encoding->second = PointerEncoding(section, id_at - id);
    if (encoding->second == kOmitted) continue;
    const std::optional<uint64_t> start = cursor.TakePointer(encoding->second, address);
    if (!start.has_value()) continue;
    const auto offset = static_cast<int64_t>(*start - address);
    if (!FitsOffset(offset) || !FitsOffset(static_cast<int64_t>(entry))) continue;
    entries.push_back(
        {.start = static_cast<int32_t>(offset), .frame = static_cast<int32_t>(entry)});
  }
  std::sort(entries.begin(), entries.end(),
            [](const FrameEntry& a, const FrameEntry& b) { return a.start < b.start; });
  return entries;
}

}  // namespace tardigrade
