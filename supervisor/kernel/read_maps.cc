#include "supervisor/kernel/read_maps.h"

#include "supervisor/base/file_io.h"

namespace tardigrade {

Result<std::vector<MemoryMapping>> ReadMaps(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/", pid, "/maps")));
  return ParseMaps(text);
}

}  // namespace tardigrade
