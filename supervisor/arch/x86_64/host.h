#ifndef SUPERVISOR_ARCH_X86_64_HOST_H_
#define SUPERVISOR_ARCH_X86_64_HOST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"

namespace tardigrade {

// This machine: kernel, processor state enabled in XCR0, this process's own vDSO.
Result<HostFacts> ReadHostFacts();

// The components (XCR0 bits) that an NT_X86_XSTATE image really holds: those not in their
// initial configuration (XSTATE_BV), x87 and SSE always among them.
uint64_t UsedXfeatures(std::span<const std::byte> extended_state);

// Hex XXH3-64 of a vDSO's bytes.
std::string VdsoChecksum(std::span<const std::byte> vdso);

}  // namespace tardigrade

#endif  // SUPERVISOR_ARCH_X86_64_HOST_H_
