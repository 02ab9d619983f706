#ifndef SUPERVISOR_BASE_PROGRESS_H_
#define SUPERVISOR_BASE_PROGRESS_H_

#include <cstdint>
#include <string>

namespace tardigrade {

// Told how far a long transfer is.  Calls come one at a time, may be frequent, and must be cheap.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void Begin(const std::string& what, uint64_t total_bytes) { (void)what, (void)total_bytes; }
  virtual void Advance(uint64_t bytes) { (void)bytes; }
  virtual void End() {}
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_PROGRESS_H_
