#include "supervisor/checkpoint/image_facts.h"

#include <sys/uio.h>

#include <cstddef>
#include <ctime>
#include <vector>

#include "supervisor/arch/x86_64/host.h"

namespace tardigrade {

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Result<std::string> VdsoOf(const ProcessSurvey& survey) {
  for (const MemoryMapping& mapping : survey.mappings) {
    if (mapping.path != "[vdso]") continue;
    std::vector<std::byte> bytes(mapping.size_bytes());
    const iovec local{bytes.data(), bytes.size()}, remote{reinterpret_cast<void*>(mapping.start), bytes.size()};
    if (process_vm_readv(survey.pid, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(bytes.size()))
      return Error::Errno("reading the vDSO");
    return VdsoChecksum(bytes);
  }
  return std::string();
}

}  // namespace tardigrade
