#ifndef SUPERVISOR_CHECKPOINT_PRIVATE_PAGES_H_
#define SUPERVISOR_CHECKPOINT_PRIVATE_PAGES_H_

#include <cstdint>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/kernel/pagemap.h"

namespace tardigrade {

// Collects the private pages of mappings given by address, asking for neighbours of the same sort at
// once: one question costs as much for a thousand mappings of a page each as for one of them.
class PrivatePages {
 public:
  explicit PrivatePages(Pagemap& pagemap) : pagemap_(pagemap) {}

  // The next mapping is [start, end); `file_backed` as for Pagemap::Find().
  Status Add(uint64_t start, uint64_t end, bool file_backed);
  // The next mapping is none of these: no question may span it.
  Status Break();

  PageRuns& found() { return found_; }  // Complete after Break().

 private:
  Pagemap& pagemap_;
  uint64_t start_ = 0;  // [start_, end_) is not asked for yet.
  uint64_t end_ = 0;
  bool file_backed_ = false;
  PageRuns found_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_CHECKPOINT_PRIVATE_PAGES_H_
