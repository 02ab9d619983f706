#include <cstddef>
#include <cstdint>
#include <string_view>

#include "supervisor/kernel/proc_status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto status = tardigrade::ParseProcStatus(text);
  if (!status.has_value()) return 0;
  (void)status.value().Name();
  (void)status.value().Uid();
  (void)status.value().NsPid();
  (void)status.value().SigQ();
  (void)status.value().Umask();
  (void)status.value().Mask("SigBlk");
  (void)status.value().Number("VmLck");
  return 0;
}
