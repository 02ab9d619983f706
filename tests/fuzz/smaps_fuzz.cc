#include <cstddef>
#include <cstdint>
#include <string_view>

#include "supervisor/kernel/vm_flags.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tardigrade::ParseSmaps(text);
  return 0;
}
