#ifndef PLUGINS_PROC_FILE_PROC_FILE_KIND_H_
#define PLUGINS_PROC_FILE_PROC_FILE_KIND_H_

#include <string>

#include "supervisor/resource/fd_kind.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::proc_file {

struct ProcFileState {
  OpenFileState open;
  int32_t pid = 0;    // Whom it is about, as the job sees it.
  std::string entry;  // What it is of that process: "maps", "net/dev".
  uint64_t offset = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("pid", self.pid, Range<int32_t>{1, 1 << 22});
    visit("entry", self.entry, Range<size_t>{1, 256});
    visit("offset", self.offset, Range<uint64_t>{0, INT64_MAX});
  }
};

// Files of /proc about a process of the job: /proc/<pid>/maps.  Whose memory they show is decided when they
// are opened (fs/proc/base.c, proc_mem_open()), so they are opened when all processes exist.  The offset
// is set when the memory is there: in most of them it means so many bytes of text.
class ProcFileKind final : public FdKind {
 public:
  std::string_view name() const override { return "proc_file"; }
  bool Claims(const FdFacts& file) const override;
  bool NeedsTasks() const override { return true; }
  Status Check(const FdFacts& file, std::span<const FdFacts> all) const override;
  Result<Value> Collect(const FdFacts& file, std::span<const FdFacts> all, CollectContext& context) const override;
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  Status PlanInTask(const Value& state, int fd, SyscallPlan& plan) const override;
};

}  // namespace tardigrade::proc_file

#endif  // PLUGINS_PROC_FILE_PROC_FILE_KIND_H_
