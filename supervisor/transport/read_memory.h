#ifndef SUPERVISOR_TRANSPORT_READ_MEMORY_H_
#define SUPERVISOR_TRANSPORT_READ_MEMORY_H_

#include <sys/types.h>

#include <span>

#include "supervisor/base/progress.h"
#include "supervisor/base/result.h"
#include "supervisor/image/page_file.h"
#include "supervisor/kernel/pagemap.h"

namespace tardigrade {

// Reads `runs` of a stopped process into a page file, in large pieces, many small runs to one
// call.  What process_vm_readv(2) is refused, memory without read access above all, is read through
// /proc/PID/mem.  Does not close `pages`.  Errors: kTraceeGone, kDenied, kSystem, naming the
// address.
//
// Several threads read and write at once; `progress` is told by one at a time.
//
// process_vm_readv(2) pins what it reads, and a pinned anonymous page must be its process's alone: the
// kernel gives the process a copy of each page that it shared copy-on-write (mm/gup.c,
// gup_must_unshare()).  Such pages are to be read `kWithoutPinning`, which is slower.
enum class ReadHow { kPinning, kWithoutPinning };
Status SaveMemory(pid_t pid, std::span<const PageRun> runs, ReadHow how, PageFileWriter& pages,
                  Progress& progress);

}  // namespace tardigrade

#endif  // SUPERVISOR_TRANSPORT_READ_MEMORY_H_
