#ifndef SUPERVISOR_TRACEE_SECCOMP_FILTER_H_
#define SUPERVISOR_TRACEE_SECCOMP_FILTER_H_

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace tardigrade {

// One seccomp filter: classic BPF over struct seccomp_data.
using SeccompFilter = std::vector<sock_filter>;

// Whether `filter` surely allows system call `number` of the machine's own ABI, whatever its
// arguments and wherever it is made: follows both ways of a jump that depends on anything else.
// Allowing is SECCOMP_RET_ALLOW and SECCOMP_RET_LOG.  False for what the kernel would not take.
bool SurelyAllows(std::span<const sock_filter> filter, uint32_t number);

// The same of all filters of a thread: the strictest decides (kernel/seccomp.c,
// seccomp_run_filters()).
bool SurelyAllow(const std::vector<SeccompFilter>& filters, std::span<const uint32_t> numbers);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRACEE_SECCOMP_FILTER_H_
