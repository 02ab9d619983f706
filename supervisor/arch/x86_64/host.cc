#include "supervisor/arch/x86_64/host.h"

#include <cpuid.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <xxhash.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

// Offsets in the XSAVE area (Intel SDM vol. 1, 13.4.2): XSTATE_BV opens the header.
constexpr size_t kXstateBvOffset = 512;
constexpr uint64_t kX87AndSse = 3;

uint64_t EnabledXfeatures() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return kX87AndSse;
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

uint64_t XsaveSize() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(0xd, 0, &a, &b, &c, &d) == 0) return 512;
  return b;
}

// The vDSO image of this process: as long as its ELF says its one load segment is, in whole pages.
Result<std::string> OwnVdsoChecksum() {
  ASSIGN_OR_RETURN(const std::string maps, ReadFile("/proc/self/maps"));
  const size_t at = maps.find("[vdso]");
  if (at == std::string::npos) return std::string();
  const size_t line = maps.rfind('\n', at) + 1;
  uint64_t start = 0, end = 0;
  if (std::sscanf(maps.c_str() + line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
    return Error(ErrorCode::kInternal, "cannot read the vDSO's line of /proc/self/maps");
  return VdsoChecksum({reinterpret_cast<const std::byte*>(start), end - start});
}

}  // namespace

std::string VdsoChecksum(std::span<const std::byte> vdso) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016" PRIx64, static_cast<uint64_t>(XXH3_64bits(vdso.data(), vdso.size())));
  return text;
}

uint64_t UsedXfeatures(std::span<const std::byte> extended_state) {
  uint64_t bv = 0;
  if (extended_state.size() >= kXstateBvOffset + sizeof(bv))
    std::memcpy(&bv, extended_state.data() + kXstateBvOffset, sizeof(bv));
  return bv | kX87AndSse;
}

Result<HostFacts> ReadHostFacts() {
  HostFacts facts;
  struct utsname name = {};
  if (uname(&name) != 0) return Error::Errno("uname");
  facts.hostname = name.nodename;
  facts.kernel = name.release;
  facts.architecture = arch::kName;
  facts.page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  facts.xfeatures = EnabledXfeatures();
  facts.xsave_size = XsaveSize();
  ASSIGN_OR_RETURN(facts.vdso_checksum, OwnVdsoChecksum());
  ASSIGN_OR_RETURN(facts.boot_id, ReadFile("/proc/sys/kernel/random/boot_id"));
  while (!facts.boot_id.empty() && facts.boot_id.back() == '\n') facts.boot_id.pop_back();
  return facts;
}

}  // namespace tardigrade
