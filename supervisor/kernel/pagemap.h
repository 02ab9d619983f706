#ifndef SUPERVISOR_KERNEL_PAGEMAP_H_
#define SUPERVISOR_KERNEL_PAGEMAP_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

namespace tardigrade {

struct PageRun {
  uint64_t address = 0;  // Page-aligned.
  uint64_t pages = 0;
  uint32_t flags = 0;  // protocol::kPageExtent*

  bool operator==(const PageRun&) const = default;
};

struct PageRuns {
  std::vector<PageRun> save;    // Pages to be saved.
  std::vector<PageRun> guards;  // Guard regions (MADV_GUARD_INSTALL), which hold no memory.
};

// Which pages of a process's private mappings must be saved: those present or swapped that are
// not pages of the mapped file.  True only while the process is stopped.
class Pagemap {
 public:
  enum class Method {
    kScan,  // The PAGEMAP_SCAN ioctl: fast, knows zero pages and huge pages.
    kRead,  // Entries of /proc/PID/pagemap: pages that are the zero page are listed as well, no run
            // has kPageExtentHuge.
  };

  // Chooses the method by what this kernel has.  Errors: kTraceeGone, kDenied.
  static Result<std::unique_ptr<Pagemap>> Open(pid_t pid);
  // For comparing both.  Errors: kUnsupported if the kernel does not have it.
  static Result<std::unique_ptr<Pagemap>> OpenWith(pid_t pid, Method method);
  virtual ~Pagemap() = default;

  // Appends the runs in [start, end), by address.  In a mapping of anonymous memory, zero pages
  // need not be saved; in one of a file (`file_backed`), they must, and the runs get
  // kPageExtentFileBacked.
  //
  // The range may be a mapping, a part of one, or several of the same sort with holes between them:
  // with kScan, one call for thousands of small neighbours is far cheaper than one for each; with
  // kRead, a hole costs as much as memory.
  virtual Status Find(uint64_t start, uint64_t end, bool file_backed, PageRuns& runs) = 0;

  virtual Method method() const = 0;
  // Whether guard regions are told from swapped pages.  Kernels 6.13 and 6.14 have such regions,
  // but do not report them: reading there fails.
  virtual bool knows_guards() const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_KERNEL_PAGEMAP_H_
