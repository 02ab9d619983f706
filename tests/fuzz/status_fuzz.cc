#include <cstddef>
#include <cstdint>
#include <string_view>

#include "supervisor/kernel/task_status.h"
#include "supervisor/tracee/proc_status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tardigrade::ParseStatus(text);
  (void)tardigrade::InnerId(text);
  (void)tardigrade::StatusField(text, "Name");
  (void)tardigrade::StatusNumber(text, "Umask", 8);
  (void)tardigrade::StatusNumber(text, "SigBlk", 16);
  (void)tardigrade::StatusNumbers(text, "Groups", 10);
  return 0;
}
