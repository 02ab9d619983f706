#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "supervisor/image/documents.h"
#include "supervisor/image/json.h"

namespace {

// What decodes says the same again once encoded.
template <typename Document>
void Check(const tardigrade::Value& value) {
  const auto document = tardigrade::Decode<Document>(value, "fuzz");
  if (!document.has_value()) return;
  const tardigrade::Value encoded = tardigrade::Encode(document.value());
  const auto again = tardigrade::Decode<Document>(encoded, "again");
  if (!again.has_value() || tardigrade::Encode(again.value()) != encoded) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = tardigrade::ParseJson(text, "fuzz");
  if (!value.has_value()) return 0;
  Check<tardigrade::Manifest>(value.value());
  Check<tardigrade::ProcessDocument>(value.value());
  Check<tardigrade::FilesDocument>(value.value());
  return 0;
}
