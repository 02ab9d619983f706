#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "supervisor/image/json.h"

// What parses comes back the same through its text.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = tardigrade::ParseJson(text, "fuzz");
  if (!value.has_value()) return 0;
  const auto again = tardigrade::ParseJson(tardigrade::FormatJson(value.value()), "again");
  if (!again.has_value() || again.value() != value.value()) std::abort();
  return 0;
}
