#ifndef SUPERVISOR_KERNEL_PROC_STATUS_H_
#define SUPERVISOR_KERNEL_PROC_STATUS_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// /proc/PID/status as "key: value" lines.  Every getter fails with kUnsupported if this kernel does
// not print the key, with kInternal if its value is not of that form.
class ProcStatus {
 public:
  using Ids = std::array<uint32_t, 4>;  // Real, effective, saved, file system.
  struct QueuedSignals {
    uint64_t queued = 0;  // Of this user, over all of their processes.
    uint64_t limit = 0;
  };

  bool Has(std::string_view key) const { return fields_.contains(key); }
  Result<std::string_view> Find(std::string_view key) const;

  Result<uint64_t> Number(std::string_view key) const;               // "Threads: 3", "VmLck: 8 kB"
  Result<uint64_t> Mask(std::string_view key) const;                 // "SigBlk: 0000000000010000"
  Result<std::vector<int64_t>> Numbers(std::string_view key) const;  // "NSpid: 812 1"

  Result<std::string> Name() const;  // comm, unescaped.
  Result<Ids> Uid() const { return FourIds("Uid"); }
  Result<Ids> Gid() const { return FourIds("Gid"); }
  Result<std::vector<int64_t>> Groups() const { return Numbers("Groups"); }
  Result<std::vector<int64_t>> NsPid() const { return Numbers("NSpid"); }  // Outermost first.
  Result<uint64_t> Tgid() const { return Number("Tgid"); }
  Result<uint64_t> Threads() const { return Number("Threads"); }
  Result<uint64_t> TracerPid() const { return Number("TracerPid"); }  // 0: none.
  Result<uint64_t> Seccomp() const { return Number("Seccomp"); }      // SECCOMP_MODE_*
  Result<uint64_t> NoNewPrivs() const { return Number("NoNewPrivs"); }
  Result<uint32_t> Umask() const;
  Result<QueuedSignals> SigQ() const;

 private:
  friend Result<ProcStatus> ParseProcStatus(std::string_view text);
  Result<Ids> FourIds(std::string_view key) const;

  std::map<std::string, std::string, std::less<>> fields_;
};

// See fs/proc/array.c, proc_pid_status().  Errors: kInternal for a line that is not "key: value".
Result<ProcStatus> ParseProcStatus(std::string_view text);

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_PROC_STATUS_H_
